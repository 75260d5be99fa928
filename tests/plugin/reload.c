/* A host that opens libcnn late, from a thread, uses it, and unloads it, over and over: nothing is
 * left. It prints what went wrong and ends with 1; leaks are for valgrind and LeakSanitizer to
 * find.
 *
 *   reload LIBRARY [TIMES [SIDE]]   SIDE: of the images; given where leaks are looked for */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "library.h"

static const char *path;
static int side = kLibrarySide;
static int failed;

static void fail(const char *what, int time) {
    fprintf(stderr, "time %d: %s\n", time, what);
    failed = 1;
}

static int threads_of_the_process(void) {
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *entry; tasks && (entry = readdir(tasks));) count += entry->d_name[0] != '.';
    if (tasks) closedir(tasks);
    return count;
}

static int lines_of_maps(const char *with) {
    char line[4096];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) count += strstr(line, with) != NULL;
    if (maps) fclose(maps);
    return count;
}

/* Where that function of the process is from. */
static const char *origin(const char *name) {
    Dl_info info;
    void *address = dlsym(RTLD_DEFAULT, name);
    return address && dladdr(address, &info) ? info.dli_fname : "nowhere";
}

static void *load_use_unload(void *user) {
    const int time = (int)(intptr_t)user;
    static float first[kLibraryOut * kLibraryBatch];
    float y[kLibraryOut * kLibraryBatch];
    struct library library;
    cnn_error error = {0};
    if (!open_library(&library, path)) return fail("can't be loaded", time), NULL;
    if (use_library(&library, "cpu", 3, side, 2, y, &error)) fail(error.message, time);
    if (time == 0)
        memcpy(first, y, sizeof y);
    else if (memcmp(first, y, sizeof y) != 0)
        fail("another result", time);
    if (dlclose(library.handle)) fail("can't be unloaded", time);
    return NULL;
}

int main(int count, char **arguments) {
    static const char *const names[] = {"malloc", "free", "calloc", "realloc", "aligned_alloc"};
    static char origins[5][1024];
    path = count > 1 ? arguments[1] : "libcnn.so";
    const int times = count > 2 ? atoi(arguments[2]) : 100;
    if (count > 3) side = atoi(arguments[3]);
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    for (int i = 0; i < 5; i++) snprintf(origins[i], sizeof origins[i], "%s", origin(names[i]));
    int mapped = 0;
    for (int time = 0; time < times && !failed; time++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, load_use_unload, (void *)(intptr_t)time)) return 1;
        pthread_join(thread, NULL);
        /* The kernel may still be ending the last thread. */
        for (int wait = 0; wait < 1000 && threads_of_the_process() > 1; wait++) usleep(1000);
        if (threads_of_the_process() != 1) fail("a thread is left", time);
        if (lines_of_maps(file) != 0) fail("it is still mapped", time);
        for (int i = 0; i < 5; i++)
            if (strcmp(origin(names[i]), origins[i]) != 0) fail("malloc isn't the host's", time);
        /* The allocator's arenas settle. */
        if (time == times / 2) mapped = lines_of_maps("-");
    }
    /* What looks for leaks maps memory of its own. */
    const int is_watched = count > 3;
    if (!failed && !is_watched && lines_of_maps("-") > mapped + 4) fail("mappings are left", times);
    if (!failed) printf("loaded and unloaded %d times\n", times);
    return failed;
}
