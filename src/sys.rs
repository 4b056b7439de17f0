//! Owns the calls that std does not offer: byte-range locks, the mapped state page, futexes, file
//! system facts. The only unsafe code of the program; leaves all meaning to its callers.
#![expect(unsafe_code, reason = "libc calls and the mapped page; each block says why it is sound")]

mod process;
mod terminal;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

pub use self::process::{
    count_sync, cpu_time, effective_user, file_limit, has_ended, hide_memory, host_name,
    is_ignored, kernel, load_average, raise_file_limit, reason, sharpen_sleep, signal_group,
    stack_bytes, sync_time,
};
pub use self::terminal::Silence;

/// How a lock excludes others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// Any number of holders.
    Shared,
    /// One holder.
    Exclusive,
}

fn flock_of(kind: Option<LockKind>, start: u64, len: u64) -> libc::flock {
    let kind = match kind {
        Some(LockKind::Shared) => libc::F_RDLCK,
        Some(LockKind::Exclusive) => libc::F_WRLCK,
        None => libc::F_UNLCK,
    };
    // SAFETY: `flock` is a plain C struct of integers; all zeros is a value of it.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock.l_start = start.cast_signed();
    lock.l_len = len.cast_signed();
    lock
}

fn fcntl_lock(file: &File, command: libc::c_int, lock: &mut libc::flock) -> io::Result<()> {
    loop {
        // SAFETY: the descriptor is open for the borrow of `file`, and `lock` is a valid struct
        // that the kernel reads, and writes for F_OFD_GETLK.
        if unsafe { libc::fcntl(file.as_raw_fd(), command, std::ptr::from_mut(lock)) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Tries once for an open-file-description lock on `len` bytes from `start` (0: to the end);
/// answers whether it was granted. OFD and not POSIX locks: those vanish when any descriptor of the
/// file is closed. Both kinds conflict with each other, so with Java's.
pub fn try_lock(file: &File, kind: LockKind, start: u64, len: u64) -> io::Result<bool> {
    match fcntl_lock(file, libc::F_OFD_SETLK, &mut flock_of(Some(kind), start, len)) {
        Ok(()) => Ok(true),
        Err(e) if matches!(e.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => Ok(false),
        Err(e) => Err(e),
    }
}

/// Waits in the kernel's queue for the lock.
pub fn lock(file: &File, kind: LockKind, start: u64, len: u64) -> io::Result<()> {
    fcntl_lock(file, libc::F_OFD_SETLKW, &mut flock_of(Some(kind), start, len))
}

/// Gives the lock back.
pub fn unlock(file: &File, start: u64, len: u64) -> io::Result<()> {
    fcntl_lock(file, libc::F_OFD_SETLK, &mut flock_of(None, start, len))
}

/// Who stands in the way of a lock: a process id, -1 for the holder of an OFD lock, or nobody.
pub fn lock_holder(file: &File, kind: LockKind, start: u64, len: u64) -> io::Result<Option<i32>> {
    let mut lock = flock_of(Some(kind), start, len);
    fcntl_lock(file, libc::F_OFD_GETLK, &mut lock)?;
    Ok((lock.l_type != libc::F_UNLCK as libc::c_short).then_some(lock.l_pid))
}

/// Size of the mapped state page.
pub const PAGE_BYTES: usize = 4096;

/// A page of a file, mapped and shared by all processes that have it open. Its words are reached as
/// atomics only, so that another process's store is never a data race.
#[derive(Debug)]
pub struct Page(memmap2::MmapRaw);

impl Page {
    /// Maps the first page of `file`, which must be that long already: a store into a page that the
    /// file system has no block for ends the process (SIGBUS).
    pub fn map(file: &File, writable: bool) -> io::Result<Self> {
        Self::map_at(file, 0, writable)
    }

    /// Maps the page of `file` that begins at `start`, likewise.
    pub fn map_at(file: &File, start: u64, writable: bool) -> io::Result<Self> {
        if file.metadata()?.len() < start + PAGE_BYTES as u64 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "state page is too short"));
        }
        let mut options = memmap2::MmapOptions::new();
        options.offset(start).len(PAGE_BYTES);
        let map =
            if writable { options.map_raw(file)? } else { options.map_raw_read_only(file)? };
        Ok(Self(map))
    }

    /// The 8-byte word number `index`.
    #[expect(clippy::cast_ptr_alignment, reason = "a mapping is aligned to a page")]
    pub fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < PAGE_BYTES / 8, "word {index} is outside the page");
        // SAFETY: inside the mapping by the assertion, aligned to 8 because the mapping is aligned
        // to a page, and alive as long as `self`.
        unsafe { &*self.0.as_ptr().cast::<AtomicU64>().add(index) }
    }

    /// The 4-byte word number `index`.
    #[expect(clippy::cast_ptr_alignment, reason = "a mapping is aligned to a page")]
    pub fn half_word(&self, index: usize) -> &AtomicU32 {
        assert!(index < PAGE_BYTES / 4, "half word {index} is outside the page");
        // SAFETY: as in `word`.
        unsafe { &*self.0.as_ptr().cast::<AtomicU32>().add(index) }
    }
}

/// A word to wait on, and the value that it is not to have any more.
pub type Word<'a> = (&'a AtomicU32, u32);

/// The most words one wait can watch (FUTEX_WAITV_MAX).
pub const WAIT_ANY_MAX: usize = 128;

#[repr(C)]
struct FutexWaiter {
    value: u64,
    address: u64,
    flags: u32,
    reserved: u32,
}

fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: duration.as_secs().min(86_400).cast_signed(),
        tv_nsec: libc::c_long::from(duration.subsec_nanos().cast_signed()),
    }
}

/// Sleeps until one of `words` no longer holds the value beside it, a wake-up, a signal, or the
/// timeout; callers look again whatever the reason. Watches the first [`WAIT_ANY_MAX`] words.
pub fn wait_any(words: &[Word<'_>], timeout: Duration) {
    match words {
        [] => std::thread::sleep(timeout),
        [(word, value)] => wait_one(word, *value, timeout),
        many => wait_many(many, timeout),
    }
}

fn wait_one(word: &AtomicU32, value: u32, timeout: Duration) {
    let limit = timespec(timeout);
    // SAFETY: the address is a live, aligned word; FUTEX_WAIT only reads it. Not FUTEX_PRIVATE: the
    // page is shared between processes.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            std::ptr::from_ref(word),
            libc::FUTEX_WAIT,
            value,
            std::ptr::from_ref(&limit),
        );
    }
}

fn wait_many(words: &[Word<'_>], timeout: Duration) {
    const FUTEX2_SIZE_U32: u32 = 2;
    let waiters: Vec<FutexWaiter> = words
        .iter()
        .take(WAIT_ANY_MAX)
        .map(|(word, value)| FutexWaiter {
            value: u64::from(*value),
            address: std::ptr::from_ref::<AtomicU32>(word) as u64,
            flags: FUTEX2_SIZE_U32,
            reserved: 0,
        })
        .collect();
    let mut until = timespec(Duration::ZERO);
    // SAFETY: writes one timespec that we own.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut until) };
    let step = timespec(timeout);
    until.tv_sec += step.tv_sec;
    until.tv_nsec += step.tv_nsec;
    if until.tv_nsec >= 1_000_000_000 {
        until.tv_sec += 1;
        until.tv_nsec -= 1_000_000_000;
    }
    // SAFETY: `waiters` holds `len` structs of the kernel's layout, each with a live word.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_futex_waitv,
            waiters.as_ptr(),
            waiters.len(),
            0,
            std::ptr::from_ref(&until),
            libc::CLOCK_MONOTONIC,
        )
    };
    let missing = io::Error::last_os_error().raw_os_error() == Some(libc::ENOSYS);
    if answer < 0 && missing {
        // A kernel before 5.16: look again soon instead.
        std::thread::sleep(timeout.min(Duration::from_millis(1)));
    }
}

/// Wakes everybody who waits on `word`, in every process.
pub fn wake_all(word: &AtomicU32) {
    // SAFETY: the address is a live word; FUTEX_WAKE does not touch its value.
    unsafe {
        libc::syscall(libc::SYS_futex, std::ptr::from_ref(word), libc::FUTEX_WAKE, i32::MAX);
    }
}

/// What a file system says of itself.
#[derive(Clone, Copy, Debug)]
pub struct FileSystem {
    /// The magic number of its kind (statfs(2)).
    pub kind: i64,
}

/// Asks for the file system that holds `path`.
pub fn file_system(path: &Path) -> io::Result<FileSystem> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: `statfs` is a plain C struct of integers.
    let mut facts: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path is NUL-terminated and `facts` is ours to write.
    if unsafe { libc::statfs(path.as_ptr(), &raw mut facts) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(FileSystem { kind: facts.f_type as i64 })
}

/// Writes everything of the file system that holds `file` to the device: one call where many new
/// files have to become durable together.
pub fn sync_file_system(file: &File) -> io::Result<()> {
    // SAFETY: a call on an open descriptor.
    if unsafe { libc::syncfs(file.as_raw_fd()) } == 0 {
        return Ok(());
    }
    Err(io::Error::last_os_error())
}

/// Asks the kernel to start writing dirty pages of a range out, without waiting for it. Advice: a
/// failure is not one, the real sync follows and tells.
pub fn start_writeback(file: &File, start: u64, len: u64) {
    // SAFETY: a call on an open descriptor.
    unsafe {
        libc::sync_file_range(
            file.as_raw_fd(),
            start.cast_signed(),
            len.cast_signed(),
            libc::SYNC_FILE_RANGE_WRITE,
        );
    }
}

/// Asks for a pipe's buffer to be `bytes` long, so that fewer switches carry the same data. Advice:
/// on anything that is not a pipe, or above the system's limit, nothing changes.
pub fn grow_pipe(fd: BorrowedFd<'_>, bytes: i32) {
    // SAFETY: a call on an open descriptor.
    unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETPIPE_SZ, bytes) };
}

/// Whether one of `events` is there on `fd`, or its end, within `timeout`.
fn poll_one(fd: BorrowedFd<'_>, events: libc::c_short, timeout: Duration) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    // Rounded up: a wait for what is left of a millisecond would be none, over and over.
    let ms = i32::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
    // SAFETY: one pollfd that we own.
    unsafe { libc::poll(&raw mut poll, 1, ms) > 0 }
}

/// Whether `fd` has bytes to read, or its end, within `timeout`.
pub fn readable(fd: BorrowedFd<'_>, timeout: Duration) -> bool {
    poll_one(fd, libc::POLLIN, timeout)
}

/// Whether `fd` takes bytes, or never will again, within `timeout`.
pub fn writable(fd: BorrowedFd<'_>, timeout: Duration) -> bool {
    poll_one(fd, libc::POLLOUT, timeout)
}

/// Lets a write to `fd` take what there is room for instead of waiting.
pub fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: two calls on an open descriptor.
    let done = unsafe {
        let flags = libc::fcntl(fd.as_raw_fd(), libc::F_GETFL);
        flags >= 0 && libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK) == 0
    };
    if done { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether a write of one page to `fd` would not have to wait.
pub fn is_writable(fd: BorrowedFd<'_>) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: one pollfd that we own.
    unsafe { libc::poll(&raw mut poll, 1, 0) > 0 }
}

/// Waits until nobody reads any more what is written to `fd`; false where that cannot be told.
pub fn wait_unheard(fd: BorrowedFd<'_>) -> bool {
    loop {
        let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: 0, revents: 0 };
        // SAFETY: one pollfd that we own.
        let polled = unsafe { libc::poll(&raw mut poll, 1, -1) };
        let interrupted = io::Error::last_os_error().kind() == io::ErrorKind::Interrupted;
        if polled > 0 || !interrupted {
            return polled > 0 && poll.revents & (libc::POLLERR | libc::POLLHUP) != 0;
        }
    }
}

/// Lets [`interrupt`] end the system call that a thread waits in: the write to a pipe that nobody
/// reads then tells how much was taken.
pub fn take_interrupts() {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: `sigaction` is a plain C struct; all zeros is a value of it, and without SA_RESTART.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as libc::sighandler_t;
    // SAFETY: the handler does nothing. SIGURG is a signal that is ignored where nobody takes it.
    unsafe { libc::sigaction(libc::SIGURG, &raw const action, std::ptr::null_mut()) };
}

/// Ends the system call that `thread` waits in, if it does.
pub fn interrupt<T>(thread: &std::thread::JoinHandle<T>) {
    use std::os::unix::thread::JoinHandleExt;
    // SAFETY: a thread that was not joined, which `thread` proves, has an id that is its own.
    unsafe { libc::pthread_kill(thread.as_pthread_t(), libc::SIGURG) };
}

/// The monotonic clock in nanoseconds. The same for every process since the machine was started, so
/// that a record can carry the moment it was sent to a reader in another process.
pub fn monotonic_ns() -> u64 {
    let mut now = timespec(Duration::ZERO);
    // SAFETY: writes one timespec that we own.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// Milliseconds of the monotonic clock, which all processes of a machine share. It stands still
/// while the machine sleeps, so nobody is late for that.
pub fn monotonic_ms() -> u64 {
    monotonic_ns() / 1_000_000
}

/// Whether nobody reads any more what is written to `fd`: the other end of a pipe is closed.
pub fn is_unheard(fd: BorrowedFd<'_>) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: 0, revents: 0 };
    // SAFETY: one pollfd that we own.
    let polled = unsafe { libc::poll(&raw mut poll, 1, 0) };
    polled > 0 && poll.revents & (libc::POLLERR | libc::POLLHUP) != 0
}

/// Fills `bytes` from the system's random source.
pub fn random(bytes: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        // SAFETY: `rest` is ours to write, for its whole length.
        let got = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        if let Ok(got) = usize::try_from(got) {
            filled += got;
            continue;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(())
}

/// A second handle of standard input, output or error that closes on drop.
pub fn duplicate(fd: impl AsFd) -> io::Result<File> {
    Ok(File::from(fd.as_fd().try_clone_to_owned()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    #[test]
    fn ofd_locks_exclude_a_second_open_of_the_same_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let open = || File::options().create(true).append(true).read(true).open(&path).unwrap();
        let (a, b) = (open(), open());
        assert!(try_lock(&a, LockKind::Exclusive, 0, 1).unwrap());
        assert!(!try_lock(&b, LockKind::Exclusive, 0, 1).unwrap());
        assert!(try_lock(&b, LockKind::Exclusive, 1, 1).unwrap());
        assert_eq!(lock_holder(&b, LockKind::Shared, 0, 1).unwrap(), Some(-1));
        unlock(&a, 0, 1).unwrap();
        assert_eq!(lock_holder(&b, LockKind::Shared, 0, 1).unwrap(), None);
        assert!(try_lock(&b, LockKind::Shared, 0, 1).unwrap());
    }

    #[test]
    fn less_than_a_millisecond_is_waited_for_too() {
        let (ours, _theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let start = std::time::Instant::now();
        assert!(!readable(ours.as_fd(), Duration::from_micros(900)));
        assert!(start.elapsed() >= Duration::from_micros(900));
        let start = std::time::Instant::now();
        assert!(!readable(ours.as_fd(), Duration::ZERO));
        assert!(start.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn waiting_on_several_words_ends_at_a_change_or_the_timeout() {
        let words = [AtomicU32::new(1), AtomicU32::new(2)];
        let watch = [(&words[0], 1), (&words[1], 2)];
        let start = std::time::Instant::now();
        wait_any(&watch, Duration::from_millis(20));
        assert!(start.elapsed() >= Duration::from_millis(15));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                words[1].store(3, Ordering::SeqCst);
                wake_all(&words[1]);
            });
            wait_any(&watch, Duration::from_secs(20));
        });
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
