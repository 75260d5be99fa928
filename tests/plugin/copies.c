/* Two copies of libcnn in one process, as two plugins bring them: both are used at once, and each
 * answers as it does alone.
 *
 *   copies LIBRARY COPY   */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

#include "library.h"

struct user {
    struct library library;
    const char *spec;
    int rounds, bad;
    float expected[kLibraryOut * kLibraryBatch];
};

static void *use_often(void *data) {
    struct user *user = data;
    float y[kLibraryOut * kLibraryBatch];
    for (int round = 0; round < user->rounds; round++) {
        cnn_error error = {0};
        if (use_library(&user->library, user->spec, 2, kLibrarySide, 3, y, &error)) {
            fprintf(stderr, "%s\n", error.message);
            user->bad = 1;
        } else if (memcmp(y, user->expected, sizeof y) != 0) {
            user->bad = 1;
        }
    }
    return NULL;
}

static int use_at_once(struct user *users, const char *spec, int rounds) {
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        cnn_error error = {0};
        users[i].spec = spec;
        users[i].rounds = rounds;
        users[i].bad = 0;
        const cnn_status status =
            use_library(&users[i].library, spec, 2, kLibrarySide, 3, users[i].expected, &error);
        if (status == CNN_NOT_FOUND && i == 0) return printf("no %s\n", spec), 0;
        if (status) return fprintf(stderr, "%s\n", error.message), 1;
    }
    int bad = memcmp(users[0].expected, users[1].expected, sizeof users[0].expected) != 0;
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, use_often, &users[i])) return 1;
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        bad |= users[i].bad;
    }
    printf("%s: %s\n", spec, bad ? "answers differ" : "both answer alike");
    return bad;
}

int main(int count, char **arguments) {
    static struct user users[2];
    if (count != 3) return 2;
    for (int i = 0; i < 2; i++)
        if (!open_library(&users[i].library, arguments[i + 1])) return 1;
    if (users[0].library.net_run == users[1].library.net_run)
        return fprintf(stderr, "they are one library\n"), 1;
    int failed = use_at_once(users, "cpu", 20);
    failed |= use_at_once(users, "opencl", 3);
    /* The one goes on when the other is gone. */
    if (dlclose(users[0].library.handle)) failed = 1;
    users[1].spec = "cpu";
    float y[kLibraryOut * kLibraryBatch];
    cnn_error error = {0};
    if (use_library(&users[1].library, "cpu", 2, kLibrarySide, 3, y, &error)) failed = 1;
    if (dlclose(users[1].library.handle)) failed = 1;
    return failed;
}
