/*
 * Records everything by which a process changes the files below one folder, in true order.
 *
 * Built by the tests with `cc -shared -fPIC -O2` and loaded with LD_PRELOAD. It does not replace functions of libc: a
 * program may make system calls without libc, as the crate `rustix` does, and then a rename would be missed. It asks
 * the kernel to hand over every call that can change a file (seccomp, SECCOMP_RET_TRAP), makes the call itself, and
 * appends one record to the trace while it holds a lock. What it cannot record (a shared writable mapping, io_uring, a
 * rare call) is recorded as an escape, which the reader of the trace refuses.
 *
 *   RECORD_FOLDER  the folder, absolute, without symbolic links
 *   RECORD_TRACE   the trace, outside that folder; it is appended to
 *   RECORD_KILL    when a file of this name is there, the process kills itself at the end of a record, so that the
 *                  trace and the folder say the same
 *   RECORD_SYNCS   "ignored": a sync does nothing and says that it did
 *
 * The layout of a record is that of `struct head`; `power_cut/trace.rs` reads it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the shim knows the system calls of x86_64 only"
#endif

enum kind {
    MAKE = 1,   /* file `inode` appeared as `name` in folder `parent` */
    FOLDER = 2, /* the same of a folder */
    WRITE = 3,  /* `length` bytes of file `inode` from `at` on; without bytes they are zeros */
    LENGTH = 4, /* file `inode` has `length` bytes now */
    SYNC = 5,   /* what stood in the trace before its byte `at` is durable, for file or folder `inode` */
    RENAME = 6, /* `name` of `parent` is the second name of folder `other` now */
    UNLINK = 7, /* `name` of `parent` is gone */
    LINK = 8,   /* file `inode` has a further name, `name` of `parent` */
    ESCAPE = 9, /* the call with number `at` cannot be recorded */
};

struct head {
    uint32_t kind;
    uint32_t names; /* bytes of names that follow, each with a zero at its end */
    uint64_t bytes; /* bytes of content that follow them */
    uint64_t inode, at, length, parent, other;
};

/* A system call. The filter lets calls pass whose next instruction is `raw_end`, and only these. */
long raw(long number, long a, long b, long c, long d, long e, long f) __attribute__((visibility("hidden")));
extern char raw_end[] __attribute__((visibility("hidden")));
__asm__(".text\n.hidden raw\n.globl raw\n.hidden raw_end\n.globl raw_end\n"
        "raw:\n mov %rdi,%rax\n mov %rsi,%rdi\n mov %rdx,%rsi\n mov %rcx,%rdx\n mov %r8,%r10\n mov %r9,%r8\n"
        " mov 8(%rsp),%r9\n syscall\nraw_end:\n ret\n");

#define CALL(number, a, b, c, d) raw(number, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

static char folder[PATH_MAX], kill_file[PATH_MAX];
static size_t folder_length;
static int trace = -1, syncs_ignored;
/* Bytes in the trace; changed under the lock. */
static uint64_t position;
static volatile int locked;

static void lock(void) {
    while (__atomic_exchange_n(&locked, 1, __ATOMIC_ACQUIRE)) CALL(SYS_sched_yield, 0, 0, 0, 0);
}

static void unlock(void) {
    __atomic_store_n(&locked, 0, __ATOMIC_RELEASE);
}

static void die(void) {
    CALL(SYS_kill, CALL(SYS_getpid, 0, 0, 0, 0), SIGKILL, 0, 0);
    for (;;) CALL(SYS_pause, 0, 0, 0, 0);
}

static void put(const void *bytes, size_t length) {
    while (length > 0) {
        long wrote = CALL(SYS_write, trace, bytes, length, 0);
        if (wrote == -EINTR) continue;
        /* A trace with a hole proves nothing. */
        if (wrote <= 0) die();
        bytes = (const char *)bytes + wrote;
        length -= wrote;
        position += wrote;
    }
}

/* Appends a record. The lock is held, and stays so for ever when the process is to be killed. */
static void record(struct head head, const char *name, const char *second, const void *bytes) {
    size_t first = name ? strlen(name) + 1 : 0, other = second ? strlen(second) + 1 : 0;
    head.names = first + other;
    put(&head, sizeof head);
    put(name, first);
    put(second, other);
    put(bytes, head.bytes);
    if (CALL(SYS_access, kill_file, F_OK, 0, 0) == 0) die();
}

static void escape(long number) {
    lock();
    record((struct head){.kind = ESCAPE, .at = number}, 0, 0, 0);
    unlock();
}

/* Whether the open file `fd` lies in the folder, and what it is. */
static int is_ours(int fd, struct stat *found) {
    char link[32] = "/proc/self/fd/", path[PATH_MAX], digits[12];
    if (CALL(SYS_fstat, fd, found, 0, 0) != 0) return 0;
    if (!S_ISREG(found->st_mode) && !S_ISDIR(found->st_mode)) return 0;
    int n = 0, at = strlen(link);
    do digits[n++] = '0' + fd % 10;
    while ((fd /= 10) > 0);
    while (n > 0) link[at++] = digits[--n];
    link[at] = 0;
    long length = CALL(SYS_readlink, link, path, sizeof path - 1, 0);
    if (length < (long)folder_length) return 0;
    path[length] = 0;
    return memcmp(path, folder, folder_length) == 0 && (path[folder_length] == '/' || path[folder_length] == 0);
}

/* A name and the folder that it stands in. */
struct place {
    uint64_t parent;
    char name[NAME_MAX + 1];
};

/* Whether a path stands in the folder; says where. */
static int find(int at, const char *path, struct place *place) {
    char parent[PATH_MAX];
    struct stat found;
    size_t length = strnlen(path, sizeof parent - 1);
    memcpy(parent, path, length);
    parent[length] = 0;
    while (length > 1 && parent[length - 1] == '/') parent[--length] = 0;
    char *slash = strrchr(parent, '/');
    const char *name = slash ? slash + 1 : parent;
    if (strlen(name) > NAME_MAX) return 0;
    strcpy(place->name, name);
    if (slash) slash[slash == parent] = 0;
    int fd = CALL(SYS_openat, at, slash ? parent : ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) return 0;
    int ours = is_ours(fd, &found);
    CALL(SYS_close, fd, 0, 0, 0);
    place->parent = found.st_ino;
    return ours;
}

static int look(int at, const char *path, struct stat *found) {
    return CALL(SYS_newfstatat, at, path, found, AT_SYMLINK_NOFOLLOW) == 0;
}

static long on_open(int at, const char *path, long flags, long mode) {
    struct place place;
    struct stat before, after;
    if (!(flags & (O_CREAT | O_TRUNC | O_TMPFILE)) || !find(at, path, &place))
        return CALL(SYS_openat, at, path, flags, mode);
    if ((flags & O_TMPFILE) == O_TMPFILE) escape(SYS_openat);
    lock();
    int was_there = look(at, path, &before);
    long fd = CALL(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && CALL(SYS_fstat, fd, &after, 0, 0) == 0 && S_ISREG(after.st_mode)) {
        if (!was_there)
            record((struct head){.kind = MAKE, .inode = after.st_ino, .parent = place.parent}, place.name, 0, 0);
        else if (flags & O_TRUNC)
            record((struct head){.kind = LENGTH, .inode = after.st_ino}, 0, 0, 0);
    }
    unlock();
    return fd;
}

static int is_zero(const char *bytes, size_t length) {
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

static void wrote(const struct stat *file, uint64_t at, const char *bytes, size_t length) {
    struct head head = {.kind = WRITE, .inode = file->st_ino, .at = at, .length = length};
    if (length == 0) return;
    if (!is_zero(bytes, length)) head.bytes = length;
    record(head, 0, 0, bytes);
}

/* `write` and `writev`, `pwrite64` and `pwritev`. The offset of the first two is where the file stands afterwards. */
static long on_write(long number, int fd, const struct iovec *parts, long count, const long *a) {
    struct stat file;
    if (!is_ours(fd, &file)) return raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    int has_offset = number == SYS_pwrite64 || number == SYS_pwritev;
    if (number == SYS_pwritev2 || (has_offset && CALL(SYS_fcntl, fd, F_GETFL, 0, 0) & O_APPEND)) escape(number);
    lock();
    long done = raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    uint64_t at = has_offset ? (uint64_t)a[3] : (uint64_t)CALL(SYS_lseek, fd, 0, SEEK_CUR, 0) - done;
    long left = done;
    for (long i = 0; i < count && left > 0; i++) {
        long length = (long)parts[i].iov_len < left ? (long)parts[i].iov_len : left;
        wrote(&file, at, parts[i].iov_base, length);
        at += length;
        left -= length;
    }
    unlock();
    return done;
}

/* Whatever changes the length of an open file. */
static long on_length(long number, int fd, long b, long c, long d) {
    struct stat file;
    if (!is_ours(fd, &file)) return CALL(number, fd, b, c, d);
    /* A hole, a shift: nobody here does that. */
    if (number == SYS_fallocate && b != 0) escape(number);
    lock();
    long done = CALL(number, fd, b, c, d);
    if (done == 0 && CALL(SYS_fstat, fd, &file, 0, 0) == 0)
        record((struct head){.kind = LENGTH, .inode = file.st_ino, .length = file.st_size}, 0, 0, 0);
    unlock();
    return done;
}

/* A sync takes long, so others write meanwhile. Only what was written before it began is durable. */
static long on_sync(long number, int fd) {
    struct stat file;
    if (!is_ours(fd, &file)) return CALL(number, fd, 0, 0, 0);
    if (syncs_ignored) return 0;
    lock();
    uint64_t begun = position;
    unlock();
    long done = CALL(number, fd, 0, 0, 0);
    if (done == 0) {
        lock();
        record((struct head){.kind = SYNC, .inode = file.st_ino, .at = begun}, 0, 0, 0);
        unlock();
    }
    return done;
}

static long on_folder(int at, const char *path, long mode) {
    struct place place;
    struct stat made;
    if (!find(at, path, &place)) return CALL(SYS_mkdirat, at, path, mode, 0);
    lock();
    long done = CALL(SYS_mkdirat, at, path, mode, 0);
    if (done == 0 && look(at, path, &made))
        record((struct head){.kind = FOLDER, .inode = made.st_ino, .parent = place.parent}, place.name, 0, 0);
    unlock();
    return done;
}

static long on_unlink(int at, const char *path, long flags) {
    struct place place;
    if (!find(at, path, &place)) return CALL(SYS_unlinkat, at, path, flags, 0);
    lock();
    long done = CALL(SYS_unlinkat, at, path, flags, 0);
    if (done == 0) record((struct head){.kind = UNLINK, .parent = place.parent}, place.name, 0, 0);
    unlock();
    return done;
}

static long on_rename(int from_at, const char *from, int to_at, const char *to, long flags) {
    struct place old, new;
    int leaves = find(from_at, from, &old), comes = find(to_at, to, &new);
    /* Across the border of the folder, or in exchange. */
    if (leaves != comes || (leaves && (flags & RENAME_EXCHANGE))) escape(SYS_renameat2);
    if (!leaves) return raw(SYS_renameat2, from_at, (long)from, to_at, (long)to, flags, 0);
    lock();
    long done = raw(SYS_renameat2, from_at, (long)from, to_at, (long)to, flags, 0);
    if (done == 0)
        record((struct head){.kind = RENAME, .parent = old.parent, .other = new.parent}, old.name, new.name, 0);
    unlock();
    return done;
}

static long on_link(int from_at, const char *from, int to_at, const char *to, long flags) {
    struct place place;
    struct stat made;
    if (!find(to_at, to, &place)) return raw(SYS_linkat, from_at, (long)from, to_at, (long)to, flags, 0);
    lock();
    long done = raw(SYS_linkat, from_at, (long)from, to_at, (long)to, flags, 0);
    if (done == 0 && look(to_at, to, &made))
        record((struct head){.kind = LINK, .inode = made.st_ino, .parent = place.parent}, place.name, 0, 0);
    unlock();
    return done;
}

/* What has no record of its own; it is an escape when the file that it writes to is ours, or is not known. */
static long on_other(long number, int fd, const long *a) {
    struct stat file;
    if (fd < 0 || is_ours(fd, &file)) escape(number);
    return raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static long handle(long number, const long *a) {
    struct iovec one = {(void *)a[1], a[2]};
    switch (number) {
    case SYS_open: return on_open(AT_FDCWD, (char *)a[0], a[1], a[2]);
    case SYS_creat: return on_open(AT_FDCWD, (char *)a[0], O_CREAT | O_WRONLY | O_TRUNC, a[1]);
    case SYS_openat: return on_open(a[0], (char *)a[1], a[2], a[3]);
    case SYS_write:
    case SYS_pwrite64: return on_write(number, a[0], &one, 1, a);
    case SYS_writev:
    case SYS_pwritev:
    case SYS_pwritev2: return on_write(number, a[0], (struct iovec *)a[1], a[2], a);
    case SYS_ftruncate:
    case SYS_fallocate: return on_length(number, a[0], a[1], a[2], a[3]);
    case SYS_fsync:
    case SYS_fdatasync: return on_sync(number, a[0]);
    case SYS_mkdir: return on_folder(AT_FDCWD, (char *)a[0], a[1]);
    case SYS_mkdirat: return on_folder(a[0], (char *)a[1], a[2]);
    case SYS_unlink: return on_unlink(AT_FDCWD, (char *)a[0], 0);
    case SYS_rmdir: return on_unlink(AT_FDCWD, (char *)a[0], AT_REMOVEDIR);
    case SYS_unlinkat: return on_unlink(a[0], (char *)a[1], a[2]);
    case SYS_rename: return on_rename(AT_FDCWD, (char *)a[0], AT_FDCWD, (char *)a[1], 0);
    case SYS_renameat: return on_rename(a[0], (char *)a[1], a[2], (char *)a[3], 0);
    case SYS_renameat2: return on_rename(a[0], (char *)a[1], a[2], (char *)a[3], a[4]);
    case SYS_link: return on_link(AT_FDCWD, (char *)a[0], AT_FDCWD, (char *)a[1], 0);
    case SYS_linkat: return on_link(a[0], (char *)a[1], a[2], (char *)a[3], a[4]);
    case SYS_sendfile: return on_other(number, a[0], a);
    case SYS_copy_file_range:
    case SYS_splice: return on_other(number, a[2], a);
    /* The filter lets private and read-only mappings pass. */
    case SYS_mmap: return on_other(number, a[4], a);
    default: return on_other(number, -1, a);
    }
}

static void trapped(int signal, siginfo_t *info, void *context) {
    (void)signal;
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    long arguments[6] = {r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]};
    int kept = errno;
    r[REG_RAX] = handle(info->si_syscall, arguments);
    errno = kept;
}

static const int WATCHED[] = {
    SYS_open,     SYS_creat,     SYS_openat,    SYS_openat2,  SYS_write,    SYS_pwrite64,        SYS_writev,
    SYS_pwritev,  SYS_pwritev2,  SYS_truncate,  SYS_ftruncate, SYS_fallocate, SYS_fsync,         SYS_fdatasync,
    SYS_mkdir,    SYS_mkdirat,   SYS_unlink,    SYS_rmdir,    SYS_unlinkat, SYS_rename,          SYS_renameat,
    SYS_renameat2, SYS_link,     SYS_linkat,    SYS_symlink,  SYS_symlinkat, SYS_mknod,          SYS_mknodat,
    SYS_sendfile, SYS_copy_file_range, SYS_splice, SYS_io_uring_setup,
};
enum { CALLS = sizeof WATCHED / sizeof *WATCHED };

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define AND(bits) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, (bits))
#define IF(value, then, other) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), (then), (other))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))

static void watch(void) {
    uint64_t end = (uint64_t)raw_end;
    enum {
        nr = offsetof(struct seccomp_data, nr),
        ip = offsetof(struct seccomp_data, instruction_pointer),
        arguments = offsetof(struct seccomp_data, args),
    };
    struct sock_filter program[16 + CALLS * 2] = {
        /* Our own calls pass. */
        LOAD(ip), IF(end, 0, 3), LOAD(ip + 4), IF(end >> 32, 0, 1), RETURN(SECCOMP_RET_ALLOW),
        /* So do mappings, but for those of files that are shared and can be written. */
        LOAD(nr), IF(SYS_mmap, 0, 8), LOAD(arguments + 3 * 8), AND(MAP_SHARED | MAP_ANONYMOUS), IF(MAP_SHARED, 0, 3),
        LOAD(arguments + 2 * 8), AND(PROT_WRITE), IF(PROT_WRITE, 1, 0), RETURN(SECCOMP_RET_ALLOW),
        RETURN(SECCOMP_RET_TRAP),
    };
    size_t n = 15;
    for (int i = 0; i < CALLS; i++) {
        program[n++] = (struct sock_filter)IF(WATCHED[i], 0, 1);
        program[n++] = (struct sock_filter)RETURN(SECCOMP_RET_TRAP);
    }
    program[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {n, program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        static const char text[] = "record: the kernel does not take the filter\n";
        CALL(SYS_write, 2, text, sizeof text - 1, 0);
        _exit(70);
    }
}

__attribute__((constructor)) static void start(void) {
    const char *root = getenv("RECORD_FOLDER"), *path = getenv("RECORD_TRACE");
    const char *killer = getenv("RECORD_KILL"), *syncs = getenv("RECORD_SYNCS");
    struct stat found;
    if (!root || !path || !killer || strlen(root) >= sizeof folder || strlen(killer) >= sizeof kill_file) _exit(70);
    strcpy(folder, root);
    strcpy(kill_file, killer);
    folder_length = strlen(folder);
    syncs_ignored = syncs && strcmp(syncs, "ignored") == 0;
    trace = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (trace < 0 || fstat(trace, &found) != 0) _exit(70);
    position = found.st_size;
    struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
    /* Nothing may come between a call and its record. */
    sigfillset(&action.sa_mask);
    if (sigaction(SIGSYS, &action, 0) != 0) _exit(70);
    watch();
}
