/* reload LIBRARY [TIMES]: a thread opens the library late, trains exclusive or, saves the net under
 * a name beyond ASCII, loads it, gets the same answers, and closes the library; 100 times over. The
 * process must end up with no more threads, handles or memory than after the first few rounds; but
 * for the 0.8 KB that winpthreads, of which a DLL has a copy, never gives back. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cnn/cnn.h>

#if defined(_WIN32)
#include <windows.h>

#include <tlhelp32.h>
#else
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#endif

#define LENGTH(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* ---- What systems differ in ---- */

#if defined(_WIN32)

static void *library_open(const char *path) {
    return (void *)LoadLibraryA(path);
}
static void library_close(void *library) {
    FreeLibrary((HMODULE)library);
}
static void *library_find(void *library, const char *name) {
    return (void *)(uintptr_t)GetProcAddress((HMODULE)library, name);
}
static int library_is_open(const char *path) {
    return GetModuleHandleA(path) != NULL;
}
static void remove_file(const char *name) {
    wchar_t wide[64];
    MultiByteToWideChar(CP_UTF8, 0, name, -1, wide, LENGTH(wide));
    if (!DeleteFileW(wide)) fprintf(stderr, "%s isn't there\n", name);
}

static long count_threads(void) {
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    long count = 0;
    for (BOOL more = Thread32First(all, &entry); more; more = Thread32Next(all, &entry))
        count += entry.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(all);
    return count;
}
static long count_handles(void) {
    DWORD count = 0;
    GetProcessHandleCount(GetCurrentProcess(), &count);
    return (long)count;
}
/* Of all heaps; the run time's own is one of them. */
static long count_bytes(void) {
    HANDLE heaps[64];
    const DWORD count = GetProcessHeaps(64, heaps);
    size_t bytes = 0;
    for (DWORD i = 0; i < count && i < 64; i++) {
        PROCESS_HEAP_ENTRY entry = {0};
        HeapLock(heaps[i]);
        while (HeapWalk(heaps[i], &entry))
            if (entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) bytes += entry.cbData;
        HeapUnlock(heaps[i]);
    }
    return (long)bytes;
}

static DWORD WINAPI enter(void *work) {
    ((void (*)(void))(uintptr_t)work)();
    return 0;
}
static void in_a_thread(void (*work)(void)) {
    HANDLE thread = CreateThread(NULL, 0, enter, (void *)(uintptr_t)work, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

#else

static void *library_open(const char *path) {
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}
static void library_close(void *library) {
    dlclose(library);
}
static void *library_find(void *library, const char *name) {
    return dlsym(library, name);
}
static int library_is_open(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    if (library) dlclose(library);
    return library != NULL;
}
static void remove_file(const char *name) {
    if (remove(name)) fprintf(stderr, "%s isn't there\n", name);
}

static long count_entries(const char *path) {
    DIR *folder = opendir(path);
    long count = 0;
    while (folder && readdir(folder)) count++;
    if (folder) closedir(folder);
    return count;
}
static long count_threads(void) {
    return count_entries("/proc/self/task");
}
static long count_handles(void) {
    return count_entries("/proc/self/fd");
}
static long count_bytes(void) {
    return (long)mallinfo2().uordblks;
}

static void *enter(void *work) {
    (*(void (**)(void))work)();
    return NULL;
}
static void in_a_thread(void (*work)(void)) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, enter, &work) == 0) pthread_join(thread, NULL);
}

#endif

/* ---- The library's functions ---- */

#define FUNCTIONS(X)         \
    X(cnn_device_destroy)    \
    X(cnn_device_open)       \
    X(cnn_net_compile)       \
    X(cnn_net_create)        \
    X(cnn_net_dense)         \
    X(cnn_net_destroy)       \
    X(cnn_net_input)         \
    X(cnn_net_load)          \
    X(cnn_net_loss)          \
    X(cnn_net_run)           \
    X(cnn_net_save)          \
    X(cnn_net_train_step)    \
    X(cnn_optimizer_create)  \
    X(cnn_optimizer_destroy) \
    X(cnn_optimizer_set)

#define DECLARE(name) __typeof__(&(name)) name;
static struct functions { FUNCTIONS(DECLARE) } cnn;

static int find_all(void *library) {
#define FIND(name)                                               \
    {                                                            \
        void *found = library_find(library, #name);              \
        if (!found) return fprintf(stderr, "no %s\n", #name), 0; \
        memcpy(&cnn.name, &found, sizeof found);                 \
    }
    FUNCTIONS(FIND)
    return 1;
}

/* ---- A round ---- */

static const char *path;
static const char *const kFile =
    "reload-gr\xc3\xb6\xc3\x9f"
    "e.safetensors";
static int succeeded;

static int train(cnn_device *device, cnn_net *net, cnn_error *error) {
    static const float x[] = {0, 0, 0, 1, 1, 0, 1, 1}, y[] = {0, 1, 1, 0};
    const cnn_samples samples = {
        .inputs = x, .input_elements = 8, .targets = y, .target_elements = 4};
    float p[4], again[4];
    cnn_optimizer *adam = cnn.cnn_optimizer_create(CNN_ADAM);
    cnn_net *loaded = NULL;
    cnn_node n = cnn.cnn_net_input(net, "x", 1, (const int64_t[]){2});
    n = cnn.cnn_net_dense(net, n, &(cnn_dense){.units = 8, .activation = CNN_TANH});
    n = cnn.cnn_net_dense(net, n, &(cnn_dense){.units = 1, .activation = CNN_SIGMOID});
    cnn.cnn_net_loss(net, n, &(cnn_loss){.kind = CNN_LOSS_MSE});
    int failed = cnn.cnn_optimizer_set(adam, CNN_LEARNING_RATE, 0.05, error) ||
                 cnn.cnn_net_compile(net, device, &(cnn_compile){.max_batch = 4}, error);
    for (int i = 0; i < 300 && !failed; i++)
        failed = cnn.cnn_net_train_step(net, adam, &samples, NULL, error) != 0;
    failed = failed || cnn.cnn_net_run(net, x, 8, p, 4, error) ||
             cnn.cnn_net_save(net, kFile, error) || cnn.cnn_net_load(kFile, &loaded, error) ||
             cnn.cnn_net_compile(loaded, device, &(cnn_compile){.max_batch = 4}, error) ||
             cnn.cnn_net_run(loaded, x, 8, again, 4, error);
    cnn.cnn_net_destroy(loaded);
    cnn.cnn_optimizer_destroy(adam);
    if (failed) return 0;
    for (int i = 0; i < 4; i++) {
        if (fabsf(p[i] - y[i]) < 0.3f && memcmp(p, again, sizeof p) == 0) continue;
        fprintf(stderr, "answer %d is %g, then %g, not %g\n", i, (double)p[i], (double)again[i],
                (double)y[i]);
        return 0;
    }
    return 1;
}

static void one_round(void) {
    cnn_error error = {0};
    cnn_device *device = NULL;
    succeeded = 0;
    void *library = library_open(path);
    if (!library || !find_all(library)) {
        fprintf(stderr, "%s can't be opened\n", path);
        return;
    }
    const cnn_device_options options = {.threads = 4};
    if (!cnn.cnn_device_open("cpu", &options, &device, &error)) {
        cnn_net *net = cnn.cnn_net_create(NULL);
        succeeded = train(device, net, &error);
        cnn.cnn_net_destroy(net);
    }
    if (error.status) fprintf(stderr, "%s\n", error.message);
    cnn.cnn_device_destroy(device);
    library_close(library);
    if (library_is_open(path)) {
        fprintf(stderr, "%s is still open\n", path);
        succeeded = 0;
    }
}

int main(int count, char **arguments) {
    if (count < 2) return fprintf(stderr, "reload LIBRARY [TIMES]\n"), 2;
    path = arguments[1];
    const int times = count > 2 ? atoi(arguments[2]) : 100;
    static const char *const names[] = {"threads", "handles", "bytes"};
#if defined(_WIN32)
    const long allowed[] = {0, 0, 1024L * times};
#else
    const long allowed[] = {0, 0, 4096};
#endif
    long before[3] = {0};
    for (int i = 0; i < times; i++) {
        in_a_thread(one_round);
        if (!succeeded) return fprintf(stderr, "round %d failed\n", i), 1;
        if (i != 4) continue;
        before[0] = count_threads(), before[1] = count_handles(), before[2] = count_bytes();
    }
    remove_file(kFile);
    const long after[] = {count_threads(), count_handles(), count_bytes()};
    int failed = 0;
    for (int i = 0; i < LENGTH(names); i++) {
        printf("%s: %ld, then %ld\n", names[i], before[i], after[i]);
        failed += after[i] > before[i] + allowed[i];
    }
    return failed ? 1 : 0;
}
