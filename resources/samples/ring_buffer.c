/* A ring buffer for one writer and one reader, without a lock. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define CAPACITY 1024 /* a power of two, so that wrapping is a mask */

struct ring {
    _Atomic size_t head; /* next slot to write; only the writer moves it */
    _Atomic size_t tail; /* next slot to read; only the reader moves it */
    int slots[CAPACITY];
};

/* Returns false when the buffer is full: back-pressure is the caller's business. */
bool ring_push(struct ring *ring, int value)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    if (head - tail == CAPACITY)
        return false;
    ring->slots[head & (CAPACITY - 1)] = value;
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return true;
}

/* Returns false when there is nothing to read. */
bool ring_pop(struct ring *ring, int *value)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (head == tail)
        return false;
    *value = ring->slots[tail & (CAPACITY - 1)];
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}
