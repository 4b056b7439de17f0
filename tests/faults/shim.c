/*
 * Stands between a program and its files (LD_PRELOAD): writes down every call that changes files
 * below one directory, and makes one of them fail. Leaves what a power cut would leave of it all to
 * tests/it/faults_disk.rs, which reads what is written down here.
 *
 *   FAULTS_DIR     the directory; calls on files elsewhere pass unseen
 *   FAULTS_TRACE   the file that calls are appended to
 *   FAULTS_AT      the number of the call that fails, from 1; with a `+` behind it, all from there on
 *   FAULTS_ERRNO   how it fails; a write that finds no space first takes half of the bytes
 *   FAULTS_PLANT   a bug of the program: no-fdatasync, no-directory-sync, rename-first, retry
 *
 * Each entry of the trace, in the machine's byte order:
 *   u32 kind, u32 length of the name, u32 length of the bytes, u32 errno of the call or 0,
 *   u64 inode, u64 inode of the directory, u64 position or length or other directory, name, bytes
 * The name of a rename is the old one, its bytes are the new one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { OPEN = 1, CREATE, WRITE, CUT, SYNC, RENAME, UNLINK, MKDIR, RMDIR, LINK, SYNC_ALL, PAGE,
            OUT };

enum { PAGE_BYTES = 4096, PAGES_MAX = 4096 };

struct page {
    unsigned char *at;
    uint64_t inode;
    uint64_t position;
    unsigned char last[PAGE_BYTES];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static const char *directory, *plant = "";
static size_t directory_len;
static long calls, fail_at, is_for_ever;
static int fail_with;
/* The file whose next write fails, as half of the last one was taken. */
static uint64_t full_inode;
static struct page *pages[PAGES_MAX];
/* What a planted bug puts off until the next rename. */
static uint64_t late_inode;

#define REAL(result, name, ...)                                                                    \
    static result (*real_##name)(__VA_ARGS__);                                                     \
    if (!real_##name)                                                                              \
    real_##name = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static ssize_t put(int fd, const void *bytes, size_t len) {
    REAL(ssize_t, write, int, const void *, size_t);
    return real_write(fd, bytes, len);
}

__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("FAULTS_AT"), *with = getenv("FAULTS_ERRNO");
    const char *to = getenv("FAULTS_TRACE");
    directory = getenv("FAULTS_DIR");
    if (!directory || !to)
        return;
    directory_len = strlen(directory);
    if (getenv("FAULTS_PLANT"))
        plant = getenv("FAULTS_PLANT");
    if (at) {
        fail_at = atol(at);
        is_for_ever = strchr(at, '+') != NULL;
        fail_with = with ? atoi(with) : EIO;
    }
    REAL(int, open64, const char *, int, ...);
    trace = real_open64(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    /* What the program starts is another program. */
    unsetenv("LD_PRELOAD");
}

static void note(enum kind kind, int error, uint64_t inode, uint64_t parent, uint64_t number,
                 const char *name, const void *bytes, size_t len) {
    uint32_t head[4] = {kind, name ? strlen(name) : 0, len, error};
    uint64_t numbers[3] = {inode, parent, number};
    struct iovec parts[4] = {{head, sizeof head},
                             {numbers, sizeof numbers},
                             {(void *)name, head[1]},
                             {(void *)bytes, len}};
    REAL(ssize_t, writev, int, const struct iovec *, int);
    if (real_writev(trace, parts, 4) < 0)
        abort();
}

/* Writes down the mapped pages that changed since they were last looked at. */
static void note_pages(void) {
    for (int n = 0; n < PAGES_MAX; n++) {
        struct page *page = pages[n];
        if (page && memcmp(page->at, page->last, PAGE_BYTES)) {
            memcpy(page->last, page->at, PAGE_BYTES);
            note(PAGE, 0, page->inode, 0, page->position, NULL, page->last, PAGE_BYTES);
        }
    }
}

__attribute__((destructor)) static void end(void) {
    if (trace >= 0)
        note_pages();
}

static int is_inside(const char *path) {
    return trace >= 0 && path && !strncmp(path, directory, directory_len) &&
           (path[directory_len] == '/' || !path[directory_len]);
}

/* Whether a descriptor is of a file or directory inside; and its facts. */
static int is_tracked(int fd, struct stat *facts) {
    char link[64], path[PATH_MAX];
    if (trace < 0 || fd == trace || fstat(fd, facts))
        return 0;
    if (!S_ISREG(facts->st_mode) && !S_ISDIR(facts->st_mode))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    if (len < 0)
        return 0;
    path[len] = 0;
    return is_inside(path);
}

static uint64_t inode_of(const char *path) {
    struct stat facts;
    return lstat(path, &facts) ? 0 : facts.st_ino;
}

static uint64_t inode_of_parent(const char *path) {
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash)
        *slash = 0;
    return inode_of(parent);
}

static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The path of a name in an open directory. */
static const char *path_at(int at, const char *path, char *whole) {
    char link[64];
    if (at == AT_FDCWD || path[0] == '/')
        return path;
    snprintf(link, sizeof link, "/proc/self/fd/%d", at);
    ssize_t len = readlink(link, whole, PATH_MAX - 1);
    if (len < 0)
        return path;
    snprintf(whole + len, PATH_MAX - len, "/%s", path);
    return whole;
}

/* Counts a call; answers the errno that it is to fail with, or 0. */
static int fault(void) {
    calls++;
    if (!fail_at || calls < fail_at || (calls > fail_at && !is_for_ever))
        return 0;
    return fail_with;
}

static void enter(void) {
    pthread_mutex_lock(&mutex);
    note_pages();
}

static int leave(int result) {
    int error = errno;
    pthread_mutex_unlock(&mutex);
    errno = error;
    return result;
}

static int fail(enum kind kind, int error, uint64_t inode) {
    note(kind, error, inode, 0, 0, NULL, NULL, 0);
    errno = error;
    return leave(-1);
}

typedef int opener(const char *, int, ...);

static int open_by(opener *real, const char *path, int flags, mode_t mode) {
    int writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
    if (!is_inside(path) || !writes || flags & O_DIRECTORY)
        return real(path, flags, mode);
    enter();
    struct stat before, after;
    int error = fault(), was_there = !lstat(path, &before);
    if (error)
        return fail(OPEN, error, 0);
    int fd = real(path, flags, mode);
    if (fd < 0 || fstat(fd, &after)) {
        note(OPEN, errno, 0, 0, 0, NULL, NULL, 0);
    } else if (!was_there) {
        note(CREATE, 0, after.st_ino, inode_of_parent(path), 0, name_of(path), NULL, 0);
    } else if (flags & O_TRUNC && before.st_size) {
        note(CUT, 0, after.st_ino, 0, 0, NULL, NULL, 0);
    } else {
        note(OPEN, 0, after.st_ino, 0, 0, NULL, NULL, 0);
    }
    return leave(fd);
}

#define MODE_OF(flags)                                                                             \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                         \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode = va_arg(rest, mode_t);                                                               \
        va_end(rest);                                                                              \
    }

int open64(const char *path, int flags, ...) {
    REAL(int, open64, const char *, int, ...);
    MODE_OF(flags)
    return open_by(real_open64, path, flags, mode);
}

int open(const char *path, int flags, ...) {
    REAL(int, open, const char *, int, ...);
    MODE_OF(flags)
    return open_by(real_open, path, flags, mode);
}

/* Whether a descriptor leads where the program's stdout does. */
static int is_stdout(int fd) {
    struct stat ours, out;
    return trace >= 0 && !fstat(fd, &ours) && !fstat(1, &out) && ours.st_ino == out.st_ino &&
           ours.st_dev == out.st_dev;
}

static ssize_t write_at(int fd, const void *bytes, size_t len, off64_t at) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    struct stat facts;
    if (!is_tracked(fd, &facts))
        return at < 0 ? put(fd, bytes, len) : real_pwrite64(fd, bytes, len, at);
    enter();
    int error = fault();
    if (!error && full_inode == facts.st_ino) {
        error = fail_with;
        full_inode = 0;
    } else if ((error == ENOSPC || error == EDQUOT || error == EFBIG) && len > 1) {
        full_inode = facts.st_ino;
        error = 0;
        len /= 2;
    }
    if (error)
        return fail(WRITE, error, facts.st_ino);
    uint64_t position = at < 0 ? lseek64(fd, 0, SEEK_CUR) : at;
    ssize_t done = at < 0 ? put(fd, bytes, len) : real_pwrite64(fd, bytes, len, at);
    note(WRITE, done < 0 ? errno : 0, facts.st_ino, 0, position, NULL, bytes, done < 0 ? 0 : done);
    int kept = errno;
    pthread_mutex_unlock(&mutex);
    errno = kept;
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at) {
    return write_at(fd, bytes, len, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) {
    return write_at(fd, bytes, len, at);
}

ssize_t write(int fd, const void *bytes, size_t len) {
    if (!is_stdout(fd))
        return write_at(fd, bytes, len, -1);
    ssize_t done = put(fd, bytes, len);
    int kept = errno;
    if (done > 0) {
        enter();
        note(OUT, 0, 0, 0, 0, NULL, bytes, done);
        pthread_mutex_unlock(&mutex);
    }
    errno = kept;
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    struct stat facts;
    if (count && (is_stdout(fd) || is_tracked(fd, &facts)))
        return write(fd, parts[0].iov_base, parts[0].iov_len);
    return real_writev(fd, parts, count);
}

static int cut(int fd, off64_t len) {
    REAL(int, ftruncate64, int, off64_t);
    struct stat facts;
    if (!is_tracked(fd, &facts))
        return real_ftruncate64(fd, len);
    enter();
    int error = fault();
    if (error)
        return fail(CUT, error, facts.st_ino);
    int done = real_ftruncate64(fd, len);
    note(CUT, done ? errno : 0, facts.st_ino, 0, len, NULL, NULL, 0);
    return leave(done);
}

int ftruncate64(int fd, off64_t len) { return cut(fd, len); }
int ftruncate(int fd, off_t len) { return cut(fd, len); }

/* A sync. A failed one leaves what was to be written marked as if it had been. */
static int sync_by(int (*real)(int), int fd, int is_data) {
    struct stat facts;
    if (!is_tracked(fd, &facts))
        return real(fd);
    enter();
    int is_directory = S_ISDIR(facts.st_mode);
    if ((is_data && !strcmp(plant, "no-fdatasync")) ||
        (is_directory && !strcmp(plant, "no-directory-sync")))
        return leave(0);
    int error = fault();
    if (error) {
        if (strcmp(plant, "retry"))
            return fail(SYNC, error, facts.st_ino);
        note(SYNC, error, facts.st_ino, 0, 0, NULL, NULL, 0);
    }
    int done = real(fd);
    if (!is_data && !is_directory && !strcmp(plant, "rename-first"))
        late_inode = facts.st_ino;
    else
        note(SYNC, done ? errno : 0, facts.st_ino, 0, 0, NULL, NULL, 0);
    return leave(done);
}

int fdatasync(int fd) {
    REAL(int, fdatasync, int);
    return sync_by(real_fdatasync, fd, 1);
}

int fsync(int fd) {
    REAL(int, fsync, int);
    return sync_by(real_fsync, fd, 0);
}

int syncfs(int fd) {
    REAL(int, syncfs, int);
    struct stat facts;
    if (!is_tracked(fd, &facts))
        return real_syncfs(fd);
    enter();
    int error = fault();
    if (error)
        return fail(SYNC_ALL, error, 0);
    int done = real_syncfs(fd);
    note(SYNC_ALL, done ? errno : 0, 0, 0, 0, NULL, NULL, 0);
    return leave(done);
}

int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *);
    if (!is_inside(from))
        return real_rename(from, to);
    enter();
    int error = fault();
    if (error)
        return fail(RENAME, error, 0);
    uint64_t inode = inode_of(from), parent = inode_of_parent(from), other = inode_of_parent(to);
    int is_same = inode == inode_of(to);
    int done = real_rename(from, to);
    const char *name = name_of(to);
    if (is_same && !done)
        note(OPEN, 0, inode, 0, 0, NULL, NULL, 0);
    else
        note(RENAME, done ? errno : 0, inode, parent, other, name_of(from), name, strlen(name));
    if (late_inode) {
        note(SYNC, 0, late_inode, 0, 0, NULL, NULL, 0);
        late_inode = 0;
    }
    return leave(done);
}

static int remove_by(int (*real)(int, const char *, int), int at, const char *path, int flags) {
    char whole[PATH_MAX];
    const char *full = path_at(at, path, whole);
    if (!is_inside(full))
        return real(at, path, flags);
    enter();
    enum kind kind = flags & AT_REMOVEDIR ? RMDIR : UNLINK;
    int error = fault();
    if (error)
        return fail(kind, error, 0);
    uint64_t inode = inode_of(full), parent = inode_of_parent(full);
    int done = real(at, path, flags);
    note(kind, done ? errno : 0, inode, parent, 0, name_of(full), NULL, 0);
    return leave(done);
}

int unlinkat(int at, const char *path, int flags) {
    REAL(int, unlinkat, int, const char *, int);
    return remove_by(real_unlinkat, at, path, flags);
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t);
    if (!is_inside(path))
        return real_mkdir(path, mode);
    enter();
    int error = fault();
    if (error)
        return fail(MKDIR, error, 0);
    int done = real_mkdir(path, mode);
    note(MKDIR, done ? errno : 0, inode_of(path), inode_of_parent(path), 0, name_of(path), NULL, 0);
    return leave(done);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    REAL(int, linkat, int, const char *, int, const char *, int);
    if (!is_inside(to))
        return real_linkat(from_at, from, to_at, to, flags);
    enter();
    int error = fault();
    if (error)
        return fail(LINK, error, 0);
    int done = real_linkat(from_at, from, to_at, to, flags);
    note(LINK, done ? errno : 0, inode_of(to), inode_of_parent(to), 0, name_of(to), NULL, 0);
    return leave(done);
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

typedef void *mapper(void *, size_t, int, int, int, off64_t);

static void *map_by(mapper *real, void *at, size_t len, int prot, int flags, int fd, off64_t from) {
    void *mapped = real(at, len, prot, flags, fd, from);
    struct stat facts;
    int shared = flags & MAP_SHARED && prot & PROT_WRITE;
    if (mapped == MAP_FAILED || !shared || fd < 0 || len != PAGE_BYTES || !is_tracked(fd, &facts))
        return mapped;
    enter();
    for (int n = 0; n < PAGES_MAX; n++) {
        if (!pages[n]) {
            struct page *page = calloc(1, sizeof *page);
            if (!page)
                abort();
            page->at = mapped;
            page->inode = facts.st_ino;
            page->position = from;
            memcpy(page->last, mapped, PAGE_BYTES);
            pages[n] = page;
            break;
        }
    }
    leave(0);
    return mapped;
}

void *mmap64(void *at, size_t len, int prot, int flags, int fd, off64_t from) {
    REAL(void *, mmap64, void *, size_t, int, int, int, off64_t);
    return map_by(real_mmap64, at, len, prot, flags, fd, from);
}

void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t from) {
    REAL(void *, mmap64, void *, size_t, int, int, int, off64_t);
    return map_by(real_mmap64, at, len, prot, flags, fd, from);
}

int munmap(void *at, size_t len) {
    REAL(int, munmap, void *, size_t);
    if (trace >= 0 && len == PAGE_BYTES) {
        enter();
        for (int n = 0; n < PAGES_MAX; n++) {
            if (pages[n] && pages[n]->at == at) {
                free(pages[n]);
                pages[n] = NULL;
            }
        }
        leave(0);
    }
    return real_munmap(at, len);
}
