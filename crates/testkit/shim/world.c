/* The world as a test wants a server to see it: another time, and a disk without room. Preloaded; what it pretends is
 * in a file that the test and the server share. Nothing is pretended when BLACK_BOX_WORLD names no such file. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct world {
    volatile int64_t clock_ahead_ms;
    volatile int64_t is_full;
};

static const struct world *world;

__attribute__((constructor)) static void find_world(void) {
    const char *path = getenv("BLACK_BOX_WORLD");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void *shared = mmap(NULL, sizeof(struct world), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (shared != MAP_FAILED) world = shared;
}

static int64_t ahead_ms(clockid_t clock) {
    return world != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) ? world->clock_ahead_ms : 0;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    static int (*next)(clockid_t, struct timespec *);
    if (next == NULL) next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int done = next != NULL ? next(clock, at) : (int)syscall(SYS_clock_gettime, clock, at);
    int64_t ahead = ahead_ms(clock);
    if (done == 0 && ahead != 0) {
        at->tv_sec += ahead / 1000;
        at->tv_nsec += (ahead % 1000) * 1000000;
        if (at->tv_nsec < 0) at->tv_sec -= 1, at->tv_nsec += 1000000000;
        if (at->tv_nsec >= 1000000000) at->tv_sec += 1, at->tv_nsec -= 1000000000;
    }
    return done;
}

int gettimeofday(struct timeval *at, void *zone) {
    (void)zone;
    struct timespec now;
    int done = clock_gettime(CLOCK_REALTIME, &now);
    if (done == 0) at->tv_sec = now.tv_sec, at->tv_usec = now.tv_nsec / 1000;
    return done;
}

time_t time(time_t *at) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return (time_t)-1;
    if (at != NULL) *at = now.tv_sec;
    return now.tv_sec;
}

/* Whether a file would have to grow, on a disk that has no room for that. */
static int must_grow(int file, off_t at, size_t bytes) {
    struct stat is;
    if (world == NULL || !world->is_full || fstat(file, &is) != 0 || !S_ISREG(is.st_mode)) return 0;
    if (at < 0) at = (fcntl(file, F_GETFL) & O_APPEND) ? is.st_size : lseek(file, 0, SEEK_CUR);
    if (at + (off_t)bytes <= is.st_size) return 0;
    errno = ENOSPC;
    return 1;
}

ssize_t write(int file, const void *from, size_t bytes) {
    return must_grow(file, -1, bytes) ? -1 : syscall(SYS_write, file, from, bytes);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
    return must_grow(file, -1, bytes) ? -1 : syscall(SYS_writev, file, parts, count);
}

ssize_t pwrite64(int file, const void *from, size_t bytes, off64_t at) {
    return must_grow(file, at, bytes) ? -1 : syscall(SYS_pwrite64, file, from, bytes, at);
}

ssize_t pwrite(int file, const void *from, size_t bytes, off_t at) { return pwrite64(file, from, bytes, at); }
