// A game that learns while it is played: balls fall through a wind that nobody tells the bats of,
// and a network learns where each will land from those that have, 2 ms a frame.
//
//   game [--headless] [--frames N] [--budget MICROSECONDS] [--picture FILE.ppm]
#define _POSIX_C_SOURCE 199309L
#include <cnn/cnn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "game_view.h"

enum {
    kBalls = 10,
    kFlight = 160,   // frames that a ball flies at most
    kMemory = 8192,  // what is remembered of balls that have landed, a frame of flight each
    kBatch = 64,
    kWatch = 240,   // frames that the bats only watch, with what the net says before it learned
    kLatest = 100,  // landings that the skill is of
    kMostFrames = 1 << 20
};

static const float kReach = 0.045f, kBatSpeed = 1.1f, kFrame = 1 / 60.f;

// ---- The game

struct ball {
    float x, y, vx, vy;
    float bat, aim;          // where its bat is and wants to be
    float flash;             // of the bat, after a landing: > 0 caught, < 0 missed
    float seen[kFlight][4];  // what it was, frame by frame
    int frames;
};

// What is remembered: of a ball in flight, and where it landed.
struct memory {
    float seen[kMemory][4], landed[kMemory];
    int64_t count, next;
};

struct game {
    struct ball balls[kBalls];
    struct memory memory;
    int caught[kLatest];  // of the latest landings
    int64_t landings;
    uint32_t random;
};

static float random01(struct game *g) {
    g->random = g->random * 1664525u + 1013904223u;
    return (float)(g->random >> 8) / 16777216.f;
}

static void throw_ball(struct game *g, struct ball *b) {
    b->x = random01(g);
    b->y = 0.8f + 0.2f * random01(g);
    b->vx = 2 * random01(g) - 1;
    b->vy = 0.6f * random01(g) - 0.3f;
    b->frames = 0;
}

static void remember(struct memory *m, const struct ball *b) {
    for (int i = 0; i < b->frames; i++) {
        memcpy(m->seen[m->next], b->seen[i], sizeof b->seen[i]);
        m->landed[m->next] = b->x;
        m->next = (m->next + 1) % kMemory;
        if (m->count < kMemory) m->count++;
    }
}

static void move_ball(struct game *g, struct ball *b) {
    const float seen[4] = {2 * b->x - 1, 2 * b->y - 1, b->vx, b->vy};
    if (b->frames < kFlight) memcpy(b->seen[b->frames++], seen, sizeof seen);
    b->vx += 2.5f * sinf(7 * b->y) * kFrame;  // the wind
    b->vy -= 1.2f * kFrame;
    b->x += b->vx * kFrame;
    b->y += b->vy * kFrame;
    if (b->x < 0 || b->x > 1) {
        b->x = b->x < 0 ? -b->x : 2 - b->x;
        b->vx = -0.9f * b->vx;
    }
    const float way = b->aim - b->bat, most = kBatSpeed * kFrame;
    b->bat += way > most ? most : way < -most ? -most : way;
    b->flash *= 0.93f;
    if (b->y > 0) return;
    const int caught = fabsf(b->bat - b->x) < kReach;
    b->flash = caught ? 1 : -1;
    g->caught[g->landings++ % kLatest] = caught;
    remember(&g->memory, b);
    throw_ball(g, b);
}

static double skill(const struct game *g) {
    const int64_t of = g->landings < kLatest ? g->landings : kLatest;
    int caught = 0;
    for (int64_t i = 0; i < of; i++) caught += g->caught[i];
    return of ? (double)caught / (double)of : 0;
}

// ---- The player

struct player {
    cnn_device *device;
    cnn_net *learner, *policy;  // of the policy's parameters: the learner's of the last epoch
    cnn_optimizer *adam;
    int64_t epoch;
    float seen[kBalls][4], aims[kBalls];
};

static int player_start(struct player *p, const struct game *g, cnn_error *error) {
    cnn_net *net = p->learner = cnn_net_create(&(cnn_net_options){.seed = 1});
    cnn_node n = cnn_net_input(net, "ball", 1, (int64_t[]){4});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 64, .activation = CNN_TANH});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 64, .activation = CNN_TANH});
    n = cnn_net_dense(net, n, &(cnn_dense){.units = 1});
    cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    p->adam = cnn_optimizer_create(CNN_ADAM);
    // The game's other cores are its own.
    if (cnn_device_open("cpu", &(cnn_device_options){.threads = 1}, &p->device, error) ||
        cnn_net_clone(net, &p->policy, error) ||
        cnn_net_compile(net, p->device, &(cnn_compile){.max_batch = kBatch}, error) ||
        cnn_net_compile(p->policy, p->device,
                        &(cnn_compile){.max_batch = kBalls, .inference_only = 1}, error))
        return 0;
    // All planning and measuring happens here, and none in a frame.
    const cnn_samples any = {.inputs = g->memory.seen[0],
                             .input_elements = 4 * kMemory,
                             .targets = g->memory.landed,
                             .target_elements = kMemory};
    return !cnn_net_fit_for(net, p->adam, &any, &(cnn_fit){.batch = kBatch}, 0, NULL, error);
}

// The bats go where their balls will land, by the policy.
static int player_act(struct player *p, struct game *g, cnn_error *error) {
    for (int i = 0; i < kBalls; i++) {
        const struct ball *b = &g->balls[i];
        const float seen[4] = {2 * b->x - 1, 2 * b->y - 1, b->vx, b->vy};
        memcpy(p->seen[i], seen, sizeof seen);
    }
    if (cnn_net_run(p->policy, p->seen[0], 4 * kBalls, p->aims, kBalls, error)) return 0;
    for (int i = 0; i < kBalls; i++) g->balls[i].aim = fminf(fmaxf(p->aims[i], 0), 1);
    return 1;
}

// Learns from what there is, for so many microseconds.
static int player_learn(struct player *p, const struct memory *m, double budget, cnn_error *error) {
    cnn_progress progress;
    // Whole thousands of memories, so that epochs aren't cut short by every landing.
    const int64_t count = m->count - m->count % 1024;
    const cnn_samples recent = {.inputs = m->seen[0],
                                .input_elements = 4 * count,
                                .targets = m->landed,
                                .target_elements = count};
    if (count == 0) return 1;
    if (cnn_net_fit_for(p->learner, p->adam, &recent, &(cnn_fit){.batch = kBatch}, budget,
                        &progress, error))
        return 0;
    if (progress.epoch == p->epoch) return 1;
    p->epoch = progress.epoch;
    return !cnn_net_copy_parameters(p->policy, p->learner, error);
}

static void player_end(struct player *p) {
    cnn_optimizer_destroy(p->adam);
    cnn_net_destroy(p->policy);
    cnn_net_destroy(p->learner);
    cnn_device_destroy(p->device);
}

// ---- Times

// Microseconds of the wall's clock, or of this thread's on its processor.
static double clock_of(clockid_t which) {
    struct timespec t;
    clock_gettime(which, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

struct stopwatch {
    double wall, cpu;
};

static struct stopwatch now(void) {
    return (struct stopwatch){clock_of(CLOCK_MONOTONIC), clock_of(CLOCK_THREAD_CPUTIME_ID)};
}

static struct stopwatch since(struct stopwatch start) {
    const struct stopwatch end = now();
    return (struct stopwatch){end.wall - start.wall, end.cpu - start.cpu};
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *what, double *times, int count) {
    qsort(times, (size_t)count, sizeof *times, by_size);
    const int most = (int)(0.999 * count);
    printf("%-28s median %7.1f us, 99.9th percentile %7.1f us, most %7.1f us\n", what,
           times[count / 2], times[most < count ? most : count - 1], times[count - 1]);
}

// ---- The picture

static void draw(struct view *v, const struct game *g, const float *skills, int frame) {
    static const uint32_t colours[kBalls] = {0xff5050, 0xff9a40, 0xf2d040, 0x90e050, 0x40d890,
                                             0x40d0e0, 0x50a0ff, 0x8878ff, 0xc868f0, 0xff68b0};
    view_fade(v);
    for (int i = 0; i < kBalls; i++) {
        const struct ball *b = &g->balls[i];
        const float flash = fabsf(b->flash), row = 0.01f + 0.012f * (float)i;
        view_disc(v, b->x, 0.14f + 0.68f * b->y, 4, colours[i]);
        view_bar(v, b->bat, row, 2 * kReach * kViewWidth, 4, colours[i]);
        view_disc(v, b->aim, row + 0.004f, 1.5f, 0x909090);
        if (flash > 0.05f)
            view_disc(v, b->bat, 0.14f, 14 * flash, b->flash > 0 ? 0x309030 : 0xa02020);
    }
    // How many were caught, from the start to now.
    for (int j = 0; j <= frame && j < kMostFrames; j += 1 + frame / kViewWidth) {
        const float x = (float)j / (float)(frame + kViewWidth / 2);
        view_disc(v, x, 0.86f + 0.12f * skills[j], 0.5f, j < kWatch ? 0x303030 : 0x307030);
    }
}

// ---- The loop

struct options {
    int headless, frames;
    double budget;
    const char *picture;
};

static int parse(int argc, char **argv, struct options *o) {
    *o = (struct options){.budget = 2000};
    for (int i = 1; i < argc; i++) {
        const int more = i + 1 < argc;
        if (strcmp(argv[i], "--headless") == 0)
            o->headless = 1;
        else if (more && strcmp(argv[i], "--frames") == 0)
            o->frames = atoi(argv[++i]);
        else if (more && strcmp(argv[i], "--budget") == 0)
            o->budget = atof(argv[++i]);
        else if (more && strcmp(argv[i], "--picture") == 0)
            o->picture = argv[++i];
        else
            return 0;
    }
    if (o->headless && o->frames == 0) o->frames = 1800;
    return o->budget >= 0 && o->frames >= 0 && o->frames <= kMostFrames;
}

static struct {
    double learn_cpu[kMostFrames], learn_wall[kMostFrames], share[kMostFrames];
    float skills[kMostFrames];
} times;

static int play(const struct options *o, struct game *g, struct player *p, struct view *v,
                cnn_error *error) {
    double before = 0;
    int learned = 0;
    for (int frame = 0; o->frames == 0 || frame < o->frames; frame++) {
        const int slot = frame % kMostFrames;
        const struct stopwatch start = now();
        if (!player_act(p, g, error)) return 0;
        if (frame >= kWatch) {
            const struct stopwatch learning = now();
            if (!player_learn(p, &g->memory, o->budget, error)) return 0;
            const struct stopwatch took = since(learning);
            times.learn_cpu[learned] = took.cpu;
            times.learn_wall[learned] = took.wall;
            times.share[learned] = since(start).cpu;
            learned += learned + 1 < kMostFrames;
        } else {
            before = skill(g);
        }
        for (int i = 0; i < kBalls; i++) move_ball(g, &g->balls[i]);
        times.skills[slot] = (float)skill(g);
        draw(v, g, times.skills, slot);
        if (!o->headless && !view_show(v)) break;
    }
    printf("balls caught: %.0f%% before it learned, %.0f%% of the latest %d\n", 100 * before,
           100 * skill(g), kLatest);
    printf("%lld steps in %d frames, a budget of %.0f us each\n",
           (long long)cnn_optimizer_steps(p->adam), learned, o->budget);
    if (learned == 0) return 1;
    print_times("learning, processor time", times.learn_cpu, learned);
    print_times("learning, wall time", times.learn_wall, learned);
    print_times("all of libcnn in a frame", times.share, learned);
    return 1;
}

int main(int argc, char **argv) {
    static struct game g = {.random = 7};
    static struct view v;
    struct player p = {0};
    struct options o;
    cnn_error error = {0};
    if (!parse(argc, argv, &o))
        return fprintf(stderr,
                       "usage: %s [--headless] [--frames N] [--budget MICROSECONDS] "
                       "[--picture FILE.ppm]\n",
                       argv[0]),
               2;
    for (int i = 0; i < kBalls; i++) throw_ball(&g, &g.balls[i]), g.balls[i].bat = 0.5f;
    if (!o.headless && !view_open(&v, "libcnn learns to catch")) return 1;
    const int good = player_start(&p, &g, &error) && play(&o, &g, &p, &v, &error);
    if (!good) fprintf(stderr, "%s\n", error.message);
    if (good && o.picture && !view_save(&v, o.picture)) perror(o.picture);
    player_end(&p);
    view_close(&v);
    return good ? 0 : 1;
}
