/*
 * A disk that fails, for one program. This library stands between a program and the C library
 * (LD_PRELOAD). It looks at the file calls on paths below FAULTS_FOLDER (on all paths if that is not
 * set), and has one of them go wrong:
 *
 *   FAULTS_CALL    the call, by the names below
 *   FAULTS_PATH    a pattern of its path (fnmatch)
 *   FAULTS_NUMBER  which of the calls that fit, from 1 (the default)
 *   FAULTS_ERRNO   the number of its error
 *   FAULTS_EFFECT  once     that call fails
 *                  always   so do all later ones that fit (the default)
 *                  lasting  so do all later ones that would change the folder, or take room in it
 *                  short    that read or write does only the first half
 *                  torn     that write does only the first half, if it has two, and the process is killed
 *                  before   the process is killed (SIGKILL) instead of the call
 *                  after    the process is killed once the call is done
 *   FAULTS_TRACE   a file that gets a line for each call: its name, a tab, its path. The one that goes
 *                  wrong has the name "fault".
 *   FAULTS_PROGRAM the name of the program that it concerns, and not those that it starts
 *
 * Names of calls: read, open (for reading), list, stat; and those that change something: create (open
 * for writing), write, fsync, rename, link, unlink, mkdir, touch.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* What becomes of a call. */
enum fate { PASSES, FAILS, IS_CUT, IS_TORN, IS_LAST };

static const char *folder, *wanted_call, *wanted_path, *effect;
static int wanted_number, error_number, trace = -1;
static atomic_int found, is_failing;

__attribute__((constructor)) static void begin(void) {
  const char *program = getenv("FAULTS_PROGRAM"), *file = getenv("FAULTS_TRACE");
  if (program != NULL && strcmp(program, program_invocation_short_name) != 0) return;
  folder = getenv("FAULTS_FOLDER");
  if (folder == NULL) folder = "/";
  wanted_call = getenv("FAULTS_CALL");
  wanted_path = getenv("FAULTS_PATH");
  effect = getenv("FAULTS_EFFECT");
  if (effect == NULL) effect = "always";
  const char *number = getenv("FAULTS_NUMBER"), *error = getenv("FAULTS_ERRNO");
  wanted_number = number == NULL ? 1 : atoi(number);
  error_number = error == NULL ? EIO : atoi(error);
  if (file != NULL) trace = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* Adds a line to the trace, in one system call: threads do not mix their lines. */
static void note(const char *call, const char *path) {
  char line[4200];
  if (trace < 0) return;
  int length = snprintf(line, sizeof line, "%s\t%s\n", call, path);
  syscall(SYS_write, trace, line, length);
}

static int is_below(const char *path) {
  size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 &&
         (path[length] == '/' || path[length] == 0 || strcmp(folder, "/") == 0);
}

/* Whether a lasting fault hits a call: a disk without room can still be read, and emptied. */
static int is_hit_again(const char *call) {
  static const char *const works[] = {"read", "open", "list", "stat", "unlink", "touch"};
  for (int i = 0; i < (error_number == EROFS ? 4 : 6); i++) {
    if (strcmp(call, works[i]) == 0) return 0;
  }
  return 1;
}

static int has_effect(const char *name) { return strcmp(effect, name) == 0; }

/* What becomes of a call on a path. If it fails, errno is set. */
static enum fate fate_of(const char *call, const char *path) {
  if (folder == NULL || path == NULL || !is_below(path)) return PASSES;
  note(call, path);
  if (wanted_call == NULL || wanted_path == NULL) return PASSES;
  int fits = strcmp(call, wanted_call) == 0 && fnmatch(wanted_path, path, 0) == 0;
  int number = fits ? atomic_fetch_add(&found, 1) + 1 : 0;
  if (number == wanted_number) {
    note("fault", path);
    atomic_store(&is_failing, 1);
    if (has_effect("before")) die();
    if (has_effect("after")) return IS_LAST;
    if (has_effect("torn")) return IS_TORN;
    if (has_effect("short")) return IS_CUT;
  } else {
    int goes_on = (has_effect("always") && number > wanted_number) ||
                  (has_effect("lasting") && atomic_load(&is_failing) && is_hit_again(call));
    if (!goes_on) return PASSES;
  }
  errno = error_number;
  return FAILS;
}

/* The path of an open file. @returns it, in `room`; NULL for what is no file */
static const char *path_of(int file, char room[4096]) {
  char link[64];
  int before = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, room, 4095);
  errno = before;
  if (length < 0) return NULL;
  room[length] = 0;
  return room[0] == '/' ? room : NULL;
}

static enum fate fate_on(const char *call, int file) {
  char room[4096];
  return folder == NULL ? PASSES : fate_of(call, path_of(file, room));
}

/* The same for a path relative to an open folder. */
static enum fate fate_at(const char *call, int place, const char *path) {
  if (folder == NULL || path == NULL || path[0] == '/') return fate_of(call, path);
  char room[4096], whole[8200];
  const char *start = place == AT_FDCWD ? getcwd(room, sizeof room) : path_of(place, room);
  if (start == NULL) return PASSES;
  snprintf(whole, sizeof whole, path[0] == 0 ? "%s" : "%s/%s", start, path);
  return fate_of(call, whole);
}

/*
 * Finds a function of the C library when the program starts. To look for it at a call could wait for
 * ever: dlsym waits for a dlopen in another thread, which may wait for this one.
 */
#define FIND(name)                                                \
  static typeof(&name) real_##name;                               \
  __attribute__((constructor)) static void find_##name(void) {    \
    real_##name = (typeof(&name)) dlsym(RTLD_NEXT, #name);        \
  }
/* That function; before the start of the program others may call it, too. */
#define REAL(name) (real_##name != NULL ? real_##name : (typeof(&name)) dlsym(RTLD_NEXT, #name))

/* Defines a call of the C library: `decided` is what becomes of it. */
#define CALL(type, name, declared, passed, decided, failure) \
  FIND(name)                                                 \
  type name declared {                                       \
    enum fate is = decided;                                  \
    if (is == FAILS) return failure;                         \
    type result = REAL(name) passed;                         \
    if (is == IS_LAST || is == IS_TORN) die();               \
    return result;                                           \
  }

/* The same for one that moves bytes; `half` does the first half of them. */
#define MOVE(type, name, declared, passed, half, decided, failure) \
  FIND(name)                                                       \
  type name declared {                                             \
    enum fate is = decided;                                        \
    if (is == FAILS) return failure;                               \
    int is_cut = is == IS_CUT || is == IS_TORN;                    \
    type result = is_cut ? REAL(name) half : REAL(name) passed;    \
    if (is == IS_LAST || is == IS_TORN) die();                     \
    return result;                                                 \
  }

#define HALF(count) ((count) > 1 ? (count) / 2 : (count))

/* Opening and listing. */

#define OPENED(flags) (((flags) & (O_WRONLY | O_RDWR)) != 0 ? "create" : "open")

#define OPEN(name)                                                            \
  FIND(name)                                                                  \
  int name(const char *path, int flags, ...) {                                \
    va_list rest;                                                             \
    va_start(rest, flags);                                                    \
    mode_t mode = va_arg(rest, mode_t);                                       \
    va_end(rest);                                                             \
    enum fate is = fate_at(OPENED(flags), AT_FDCWD, path);              \
    if (is == FAILS) return -1;                                               \
    int file = REAL(name)(path, flags, mode);                                 \
    if (is == IS_LAST) die();                                                 \
    return file;                                                              \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                          \
  FIND(name)                                                                  \
  int name(int place, const char *path, int flags, ...) {                     \
    va_list rest;                                                             \
    va_start(rest, flags);                                                    \
    mode_t mode = va_arg(rest, mode_t);                                       \
    va_end(rest);                                                             \
    enum fate is = fate_at(OPENED(flags), place, path);                 \
    if (is == FAILS) return -1;                                               \
    int file = REAL(name)(place, path, flags, mode);                          \
    if (is == IS_LAST) die();                                                 \
    return file;                                                              \
  }
OPENAT(openat)
OPENAT(openat64)

#define FOPENED fate_at(mode[0] == 'r' && strchr(mode, '+') == NULL ? "open" : "create", AT_FDCWD, path)
CALL(FILE *, fopen, (const char *path, const char *mode), (path, mode), FOPENED, NULL)
CALL(FILE *, fopen64, (const char *path, const char *mode), (path, mode), FOPENED, NULL)

/* The system lists a folder in pieces of many names: the first name stands for the first piece. */
static __thread DIR *unread;

static DIR *listed(DIR *list) { return unread = list; }

static enum fate fate_of_listing(DIR *list) {
  if (list != unread) return PASSES;
  unread = NULL;
  return fate_on("list", dirfd(list));
}

FIND(opendir)
DIR *opendir(const char *path) {
  return fate_at("list", AT_FDCWD, path) == FAILS ? NULL : listed(REAL(opendir)(path));
}

FIND(fdopendir)
DIR *fdopendir(int file) {
  return fate_on("list", file) == FAILS ? NULL : listed(REAL(fdopendir)(file));
}

CALL(struct dirent *, readdir, (DIR *list), (list), fate_of_listing(list), NULL)
CALL(struct dirent64 *, readdir64, (DIR *list), (list), fate_of_listing(list), NULL)

/* Facts about files. */

#define STAT(name, kind) \
  CALL(int, name, (const char *restrict path, struct kind *restrict to), (path, to), fate_at("stat", AT_FDCWD, path), -1)
STAT(stat, stat)
STAT(stat64, stat64)
STAT(lstat, stat)
STAT(lstat64, stat64)
CALL(int, fstatat, (int place, const char *restrict path, struct stat *restrict to, int flags), (place, path, to, flags), fate_at("stat", place, path), -1)
CALL(int, fstatat64, (int place, const char *restrict path, struct stat64 *restrict to, int flags), (place, path, to, flags), fate_at("stat", place, path), -1)
CALL(int, statx, (int place, const char *restrict path, int flags, unsigned mask, struct statx *restrict to), (place, path, flags, mask, to), fate_at("stat", place, path), -1)
CALL(int, fstat, (int file, struct stat *to), (file, to), fate_on("stat", file), -1)
CALL(int, fstat64, (int file, struct stat64 *to), (file, to), fate_on("stat", file), -1)
CALL(int, access, (const char *path, int mode), (path, mode), fate_at("stat", AT_FDCWD, path), -1)

/* Bytes. */

#define READS fate_on("read", file)
#define WRITES fate_on("write", file)
MOVE(ssize_t, read, (int file, void *bytes, size_t count), (file, bytes, count), (file, bytes, HALF(count)), READS, -1)
MOVE(ssize_t, pread, (int file, void *bytes, size_t count, off_t at), (file, bytes, count, at), (file, bytes, HALF(count), at), READS, -1)
MOVE(ssize_t, pread64, (int file, void *bytes, size_t count, off64_t at), (file, bytes, count, at), (file, bytes, HALF(count), at), READS, -1)
MOVE(ssize_t, readv, (int file, const struct iovec *parts, int count), (file, parts, count), (file, parts, HALF(count)), READS, -1)
MOVE(ssize_t, write, (int file, const void *bytes, size_t count), (file, bytes, count), (file, bytes, HALF(count)), WRITES, -1)
MOVE(ssize_t, pwrite, (int file, const void *bytes, size_t count, off_t at), (file, bytes, count, at), (file, bytes, HALF(count), at), WRITES, -1)
MOVE(ssize_t, pwrite64, (int file, const void *bytes, size_t count, off64_t at), (file, bytes, count, at), (file, bytes, HALF(count), at), WRITES, -1)
MOVE(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count), (file, parts, HALF(count)), WRITES, -1)
MOVE(ssize_t, copy_file_range, (int from, off64_t *at, int file, off64_t *to, size_t count, unsigned flags), (from, at, file, to, count, flags), (from, at, file, to, HALF(count), flags), WRITES, -1)
MOVE(ssize_t, sendfile, (int file, int from, off_t *at, size_t count), (file, from, at, count), (file, from, at, HALF(count)), WRITES, -1)
MOVE(ssize_t, sendfile64, (int file, int from, off64_t *at, size_t count), (file, from, at, count), (file, from, at, HALF(count)), WRITES, -1)
CALL(int, ftruncate, (int file, off_t length), (file, length), WRITES, -1)
CALL(int, ftruncate64, (int file, off64_t length), (file, length), WRITES, -1)

/* The C library's own streams write with calls that nobody sees: their functions stand for these. */
#define STREAM fate_on("write", fileno(file))
MOVE(size_t, fwrite, (const void *bytes, size_t size, size_t count, FILE *file), (bytes, size, count, file), (bytes, size, HALF(count), file), STREAM, 0)
/* Without a stream it flushes all of them. */
CALL(int, fflush, (FILE *file), (file), file == NULL ? PASSES : STREAM, EOF)

FIND(fclose)
int fclose(FILE *file) {
  enum fate is = STREAM;
  int result = REAL(fclose)(file);
  if (is == IS_LAST || is == IS_TORN) die();
  if (is != FAILS) return result;
  errno = error_number;
  return EOF;
}

/* No power fails here, and nothing waits for the disk: a flush that passes does nothing. */
static int flushed(int file) {
  enum fate is = fate_on("fsync", file);
  if (is == IS_LAST) die();
  return is == FAILS ? -1 : 0;
}

int fsync(int file) { return flushed(file); }
int fdatasync(int file) { return flushed(file); }

/* Names. */

#define HERE(call) fate_at(call, AT_FDCWD, path)
CALL(int, rename, (const char *old, const char *path), (old, path), HERE("rename"), -1)
CALL(int, renameat, (int from, const char *old, int place, const char *path), (from, old, place, path), fate_at("rename", place, path), -1)
CALL(int, renameat2, (int from, const char *old, int place, const char *path, unsigned flags), (from, old, place, path, flags), fate_at("rename", place, path), -1)
CALL(int, link, (const char *old, const char *path), (old, path), HERE("link"), -1)
CALL(int, linkat, (int from, const char *old, int place, const char *path, int flags), (from, old, place, path, flags), fate_at("link", place, path), -1)
CALL(int, symlink, (const char *target, const char *path), (target, path), HERE("link"), -1)
CALL(int, unlink, (const char *path), (path), HERE("unlink"), -1)
CALL(int, rmdir, (const char *path), (path), HERE("unlink"), -1)
CALL(int, unlinkat, (int place, const char *path, int flags), (place, path, flags), fate_at("unlink", place, path), -1)
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), HERE("mkdir"), -1)
CALL(int, mkdirat, (int place, const char *path, mode_t mode), (place, path, mode), fate_at("mkdir", place, path), -1)
CALL(int, utimensat, (int place, const char *path, const struct timespec times[2], int flags), (place, path, times, flags), fate_at("touch", place, path), -1)
CALL(int, futimens, (int file, const struct timespec times[2]), (file, times), fate_on("touch", file), -1)
CALL(int, chmod, (const char *path, mode_t mode), (path, mode), HERE("touch"), -1)
CALL(int, fchmod, (int file, mode_t mode), (file, mode), fate_on("touch", file), -1)
