/* A process that forks after it used the library: the child works or is told clearly what it can't
 * have, and never hangs. */
#define _GNU_SOURCE
#include "public.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kIn = 4 * 24 * 24, kOut = 6, kBatch = 16, kSecondsForAll = 60 };

struct user {
    cnn_device *device;
    cnn_net *net;
    cnn_optimizer *adam;
    float x[kIn * kBatch], t[kOut * kBatch], y[kOut * kBatch];
    cnn_samples samples;
};

/* A net large enough that a device with several threads uses them. */
static void make_user(struct user *u, const char *spec, int32_t threads) {
    memset(u, 0, sizeof *u);
    fill(u->x, LENGTH(u->x), 1);
    fill(u->t, LENGTH(u->t), 2);
    u->samples = (cnn_samples){.inputs = u->x,
                               .input_elements = LENGTH(u->x),
                               .targets = u->t,
                               .target_elements = LENGTH(u->t)};
    OK(cnn_device_open(spec, &(cnn_device_options){.threads = threads}, &u->device, &err));
    u->net = seeded_net(1);
    u->adam = cnn_optimizer_create(CNN_ADAM);
    cnn_node n = cnn_net_input(u->net, NULL, 3, (const int64_t[]){4, 24, 24});
    n = cnn_net_conv2d(u->net, n,
                       &(cnn_conv2d){.filters = 24, .kernel = {5, 5}, .activation = CNN_TANH});
    n = cnn_net_dense(u->net, n, &(cnn_dense){.units = kOut});
    cnn_net_loss(u->net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    OK(cnn_net_compile(u->net, u->device, &(cnn_compile){.max_batch = kBatch}, &err));
    OK(cnn_net_train_step(u->net, u->adam, &u->samples, NULL, &err));
    OK(cnn_net_run(u->net, u->x, LENGTH(u->x), u->y, LENGTH(u->y), &err));
}

static void end_user(struct user *u) {
    cnn_net_destroy(u->net);
    cnn_optimizer_destroy(u->adam);
    cnn_device_destroy(u->device);
}

/* Runs the body in a child, which gives 0 or the number of what went wrong; -1 where it hung. */
static int in_child(int (*body)(struct user *), struct user *user) {
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        alarm(kSecondsForAll);
        _exit(body(user));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Everything again, with the same bits, and on a device of the child's own. */
static int works(struct user *u) {
    static float y[kOut * kBatch];
    cnn_event *event = NULL;
    const cnn_view in = {.data = u->x, .elements = LENGTH(u->x)};
    const cnn_view out = {.data = y, .elements = LENGTH(y)};
    if (cnn_net_run(u->net, u->x, LENGTH(u->x), y, LENGTH(y), NULL)) return 1;
    if (memcmp(y, u->y, sizeof y) != 0) return 2;
    memset(y, 0, sizeof y);
    if (cnn_net_run_async(u->net, &in, 1, &out, 1, NULL, &event, NULL)) return 3;
    if (cnn_event_wait(event, -1, NULL)) return 4;
    if (memcmp(y, u->y, sizeof y) != 0) return 5;
    cnn_event_destroy(event);
    if (cnn_net_train_step(u->net, u->adam, &u->samples, NULL, NULL)) return 6;
    struct user own;
    make_user(&own, "cpu", 3);
    if (memcmp(own.y, u->y, sizeof own.y) != 0) return 7;
    end_user(&own);
    end_user(u);
    return 0;
}

static void a_child_computes_on(void **state) {
    (void)state;
    for (int32_t threads = 1; threads <= 3; threads += 2) {
        struct user u;
        make_user(&u, "cpu", threads);
        assert_int_equal(in_child(works, &u), 0);
        assert_int_equal(works(&u), 0);
    }
}

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int open, entered;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int32_t hold(int64_t count, const float *x, float *y, void *user) {
    (void)user;
    memcpy(y, x, (size_t)count * sizeof *y);
    pthread_mutex_lock(&gate.lock);
    gate.entered = 1;
    pthread_cond_broadcast(&gate.changed);
    while (!gate.open) pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
    return 0;
}

static int32_t hold_back(int64_t count, const float *x, const float *y, const float *dy, float *dx,
                         void *user) {
    (void)x, (void)y, (void)user;
    memcpy(dx, dy, (size_t)count * sizeof *dx);
    return 0;
}

static cnn_event *orphan;

/* The thread that computes isn't in the child. */
static int is_told_of_the_lost_run(struct user *u) {
    cnn_error error = {0};
    if (cnn_event_is_done(orphan) != 0) return 1;
    if (cnn_event_wait(orphan, -1, &error) != CNN_BAD_STATE) return 2;
    if (!strstr(error.message, "fork")) return 3;
    if (cnn_event_wait(orphan, 1000, &error) != CNN_BAD_STATE) return 4;
    if (cnn_net_run(u->net, u->x, kIn, u->y, kOut, &error) != CNN_BUSY) return 5;
    cnn_event_destroy(orphan);
    end_user(u);
    return 0;
}

static void a_run_in_progress_is_lost_in_the_child(void **state) {
    (void)state;
    struct user u;
    memset(&u, 0, sizeof u);
    OK(cnn_device_open("cpu", &(cnn_device_options){.threads = 2}, &u.device, &err));
    u.net = seeded_net(1);
    u.adam = cnn_optimizer_create(CNN_ADAM);
    const cnn_node x = cnn_net_input(u.net, NULL, 1, (const int64_t[]){3});
    cnn_net_host_activation(
        u.net, x, &(cnn_host_activation){.kind = "hold", .forward = hold, .backward = hold_back});
    OK(cnn_net_compile(u.net, u.device, NULL, &err));
    const cnn_view in = {.data = u.x, .elements = 3}, out = {.data = u.y, .elements = 3};
    OK(cnn_net_run_async(u.net, &in, 1, &out, 1, NULL, &orphan, &err));
    pthread_mutex_lock(&gate.lock);
    while (!gate.entered) pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
    assert_int_equal(in_child(is_told_of_the_lost_run, &u), 0);
    pthread_mutex_lock(&gate.lock);
    gate.open = 1;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
    OK(cnn_event_wait(orphan, -1, &err));
    cnn_event_destroy(orphan);
    end_user(&u);
}

/* ---- Forks at the wrong moment ---- */

enum { kTiny = 8, kForks = 200 };

struct moment {
    cnn_device *device;
    cnn_net *net;
    cnn_event *event;
    float x[kTiny], y[kTiny];
    volatile int stop;
};

static void make_moment(struct moment *m, int32_t threads) {
    memset(m, 0, sizeof *m);
    fill(m->x, kTiny, 3);
    OK(cnn_device_open("cpu", &(cnn_device_options){.threads = threads}, &m->device, &err));
    m->net = seeded_net(1);
    const cnn_node x = cnn_net_input(m->net, NULL, 1, (const int64_t[]){kTiny});
    cnn_net_dense(m->net, x, &(cnn_dense){.units = kTiny});
    OK(cnn_net_compile(m->net, m->device, NULL, &err));
}

static void end_moment(struct moment *m) {
    cnn_event_destroy(m->event);
    cnn_net_destroy(m->net);
    cnn_device_destroy(m->device);
}

/* 0 as the exit status of a child that came through; each is short. */
static int child_of(int (*body)(struct moment *), struct moment *m) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(kSecondsForAll);
        _exit(body(m));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The run has landed, or is lost; whichever, all calls come back. */
static int comes_through(struct moment *m) {
    float y[kTiny];
    const cnn_status run = cnn_net_run(m->net, m->x, kTiny, y, kTiny, NULL);
    if (run != CNN_OK && run != CNN_BUSY) return 1;
    const cnn_status waited = cnn_event_wait(m->event, -1, NULL);
    if (waited != CNN_OK && waited != CNN_BAD_STATE) return 2;
    if (waited == CNN_OK && cnn_net_run(m->net, m->x, kTiny, y, kTiny, NULL) != CNN_OK) return 3;
    cnn_net_cancel(m->net);
    end_moment(m);
    return 0;
}

/* Its end falls before, into or after the fork. */
static void a_fork_as_a_run_ends_never_hangs(void **state) {
    (void)state;
    struct moment m;
    make_moment(&m, 2);
    const cnn_view in = {.data = m.x, .elements = kTiny}, out = {.data = m.y, .elements = kTiny};
    for (int i = 0; i < kForks; i++) {
        OK(cnn_net_run_async(m.net, &in, 1, &out, 1, NULL, &m.event, &err));
        volatile int left = (i % 40) * 100;
        while (left > 0) left--;
        assert_int_equal(child_of(comes_through, &m), 0);
        OK(cnn_event_wait(m.event, -1, &err));
        cnn_event_destroy(m.event);
        m.event = NULL;
    }
    end_moment(&m);
}

static void *cancel_again_and_again(void *moment) {
    struct moment *m = moment;
    while (!m->stop) cnn_net_cancel(m->net);
    return NULL;
}

static int cancels_compiles_and_runs(struct moment *m) {
    float y[kTiny];
    cnn_net_cancel(m->net);
    if (cnn_net_compile(m->net, m->device, &(cnn_compile){.max_batch = 2}, NULL)) return 1;
    if (cnn_net_run(m->net, m->x, kTiny, y, kTiny, NULL)) return 2;
    end_moment(m);
    return 0;
}

static void a_fork_as_another_thread_cancels_never_hangs(void **state) {
    (void)state;
    struct moment m;
    make_moment(&m, 1);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_again_and_again, &m), 0);
    for (int i = 0; i < kForks / 4; i++)
        assert_int_equal(child_of(cancels_compiles_and_runs, &m), 0);
    m.stop = 1;
    assert_int_equal(pthread_join(thread, NULL), 0);
    end_moment(&m);
}

#if defined(__linux__) && !defined(SANITIZED)
#define HAS_STRICT_MODE 1
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* From here on the kernel ends the process at any system call but read, write and exit. */
static int runs_without_system_calls(struct user *u) {
    float y[kOut * kBatch];
    if (cnn_net_run(u->net, u->x, LENGTH(u->x), y, LENGTH(y), NULL)) return 1;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)) _exit(77);
    int bad = 0;
    for (int i = 0; i < 10; i++) {
        bad |= cnn_net_run(u->net, u->x, LENGTH(u->x), y, LENGTH(y), NULL) != CNN_OK;
        bad |= cnn_net_train_step(u->net, u->adam, &u->samples, NULL, NULL) != CNN_OK;
    }
    syscall(SYS_exit, bad ? 2 : 0);
    return 3;
}

/* Neither what tells a fork nor anything else of a warm run is one. With several threads they also
 * wake each other; in the child there is but one. */
static void a_run_makes_no_system_call(void **state) {
    (void)state;
    for (int32_t threads = 1; threads <= 3; threads += 2) {
        struct user u;
        make_user(&u, "cpu", threads);
        const int result = in_child(runs_without_system_calls, &u);
        end_user(&u);
        if (result == 77) skip();
        assert_int_equal(result, 0);
    }
}
#endif

/* Drivers don't survive a fork. */
static int is_told_that_opencl_is_gone(struct user *u) {
    static float y[kOut * kBatch];
    cnn_error error = {0};
    if (cnn_net_run(u->net, u->x, LENGTH(u->x), y, LENGTH(y), &error) != CNN_DEVICE_ERROR) return 1;
    if (!strstr(error.message, "fork")) return 2;
    if (cnn_net_train_step(u->net, u->adam, &u->samples, NULL, &error) != CNN_DEVICE_ERROR)
        return 3;
    /* The CPU is there. */
    struct user own;
    make_user(&own, "cpu", 2);
    end_user(&own);
    end_user(u);
    return 0;
}

static void a_child_is_told_that_its_opencl_device_is_gone(void **state) {
    (void)state;
    if (!device_exists("opencl")) skip();
    struct user u;
    make_user(&u, "opencl", 0);
    assert_int_equal(in_child(is_told_that_opencl_is_gone, &u), 0);
    float y[kOut * kBatch];
    OK(cnn_net_run(u.net, u.x, LENGTH(u.x), y, LENGTH(y), &err));
    assert_memory_equal(y, u.y, sizeof y);
    end_user(&u);
}

/* Another device, in a child of a process that used the driver, whose locks may be held for good.
 */
static int is_refused_opencl(struct user *u) {
    (void)u;
    cnn_error error = {0};
    cnn_device *device = NULL;
    if (cnn_device_open("opencl", NULL, &device, &error) != CNN_DEVICE_ERROR || device) return 1;
    if (!strstr(error.message, "fork")) return 2;
    if (device_exists("opencl")) return 3;
    if (cnn_device_open("auto", NULL, &device, NULL)) return 4;
    cnn_device_destroy(device);
    return 0;
}

static void a_child_is_refused_opencl(void **state) {
    (void)state;
    if (!device_exists("opencl")) skip();
    struct user u;
    make_user(&u, "opencl", 0);
    assert_int_equal(in_child(is_refused_opencl, NULL), 0);
    end_user(&u);
}

static int uses_opencl(struct user *u) {
    (void)u;
    if (!device_exists("opencl")) return 77;
    struct user own;
    make_user(&own, "opencl", 0);
    end_user(&own);
    return 0;
}

/* The first test, since this process must not have looked for devices yet. */
static void a_child_has_opencl_that_was_not_in_use(void **state) {
    (void)state;
    const int result = in_child(uses_opencl, NULL);
    if (result == 77) skip();
    assert_int_equal(result, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_has_opencl_that_was_not_in_use),
        cmocka_unit_test(a_child_computes_on),
        cmocka_unit_test(a_run_in_progress_is_lost_in_the_child),
        cmocka_unit_test(a_fork_as_a_run_ends_never_hangs),
        cmocka_unit_test(a_fork_as_another_thread_cancels_never_hangs),
#ifdef HAS_STRICT_MODE
        cmocka_unit_test(a_run_makes_no_system_call),
#endif
        cmocka_unit_test(a_child_is_told_that_its_opencl_device_is_gone),
        cmocka_unit_test(a_child_is_refused_opencl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
