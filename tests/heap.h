/* A host's allocator for tests: it counts, fails at one call, and sees what is written past a block
 * or given back wrongly. */
#ifndef HEAP_H
#define HEAP_H

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "public.h"

enum { kMostBlocks = 512, kGuard = 256 };

struct heap {
    pthread_mutex_t lock;
    int64_t calls, frees, live, bytes, peak;
    int64_t fail_at; /* from 1; 0: never */
    int released, late, wrong;
    struct {
        void *memory;
        size_t size, align;
    } blocks[kMostBlocks];
};

static inline void *take(void *user, size_t size, size_t align) {
    struct heap *h = user;
    void *memory = NULL;
    pthread_mutex_lock(&h->lock);
    h->late += h->released;
    if (++h->calls != h->fail_at &&
        posix_memalign(&memory, align < 8 ? 8 : align, size + kGuard) == 0) {
        memset(memory, 0xA5, size + kGuard);
        int i = 0;
        while (i < kMostBlocks - 1 && h->blocks[i].memory) i++;
        h->blocks[i].memory = memory;
        h->blocks[i].size = size;
        h->blocks[i].align = align;
        h->live++;
        h->bytes += (int64_t)size;
        if (h->bytes > h->peak) h->peak = h->bytes;
    }
    pthread_mutex_unlock(&h->lock);
    return memory;
}

static inline void give(void *user, void *memory, size_t size, size_t align) {
    struct heap *h = user;
    pthread_mutex_lock(&h->lock);
    h->late += h->released;
    int i = 0;
    while (i < kMostBlocks - 1 && h->blocks[i].memory != memory) i++;
    const int known =
        h->blocks[i].memory == memory && h->blocks[i].size == size && h->blocks[i].align == align;
    h->wrong += !known;
    if (known) h->blocks[i].memory = NULL;
    h->frees++;
    h->live--;
    h->bytes -= (int64_t)size;
    for (size_t k = size; known && k < size + kGuard; k++)
        if (((unsigned char *)memory)[k] != 0xA5) {
            print_error("written past the end of %zu bytes, at %zu\n", size, k);
            h->wrong++;
            break;
        }
    if (known) {
        memset(memory, 0x5A, size);
        free(memory);
    }
    pthread_mutex_unlock(&h->lock);
}

#endif
