//! Owns what the system tells of this process, its children and its machine, and what it lets them
//! do. Leaves all meaning to its callers.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a stack has at least, where nothing is known of it.
const STACK_BYTES_MIN: usize = 1 << 20;
/// What a stack is taken to have at most.
const STACK_BYTES_MAX: usize = 128 << 20;

/// Lets this process open as many files as it may ask for: a partition takes four, and the usual
/// limit is 1024. Advice: where it fails, opening says so in time.
pub fn raise_file_limit() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: one struct that we own, read and written by the kernel.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}

/// How many files this process may have open.
pub fn file_limit() -> usize {
    limit(libc::RLIMIT_NOFILE).unwrap_or(256)
}

/// The bytes that the stack of the first thread may take; no more than `STACK_BYTES_MAX` where
/// there is no limit.
pub fn stack_bytes() -> usize {
    limit(libc::RLIMIT_STACK).map_or(STACK_BYTES_MIN, |bytes| bytes.min(STACK_BYTES_MAX))
}

/// A limit of this process.
fn limit(of: libc::__rlimit_resource_t) -> Option<usize> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: one struct that we own, written by the kernel.
    let asked = unsafe { libc::getrlimit(of, &raw mut limit) };
    (asked == 0).then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}

/// Sends a signal to the process `leader` and all of its process group.
pub fn signal_group(leader: u32, signal: libc::c_int) {
    let Ok(leader) = libc::pid_t::try_from(leader) else { return };
    // SAFETY: a call with two numbers; the group is that of a child that was not waited for yet, so
    // its number is nobody else's.
    unsafe { libc::kill(-leader, signal) };
}

/// Whether a child has ended. It is still to be waited for, so its number stays its own.
pub fn has_ended(child: u32) -> bool {
    // SAFETY: `siginfo_t` is a plain C struct; all zeros is a value of it.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: writes one struct that we own.
    let asked = unsafe { libc::waitid(libc::P_PID, child, &raw mut info, options) };
    // SAFETY: filled by `waitid`, or still zeros: then no child has ended.
    asked != 0 || unsafe { info.si_pid() } != 0
}

/// Lets the sleeps of this thread end when they should, and not up to 50 us later. Advice.
pub fn sharpen_sleep() {
    // SAFETY: a call with numbers.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1, 0, 0, 0) };
}

/// How long threads of this process have waited for disks, in ns.
static SYNCING_NS: AtomicU64 = AtomicU64::new(0);

/// Runs what waits for a disk, and counts how long that takes.
pub fn count_sync<T>(sync: impl FnOnce() -> T) -> T {
    let begun_ns = super::monotonic_ns();
    let done = sync();
    SYNCING_NS.fetch_add(super::monotonic_ns() - begun_ns, Ordering::Relaxed);
    done
}

/// How long the threads of this process have waited for disks, all together.
pub fn sync_time() -> Duration {
    Duration::from_nanos(SYNCING_NS.load(Ordering::Relaxed))
}

/// The processor time that this process has used.
pub fn cpu_time() -> Duration {
    // SAFETY: `rusage` is a plain C struct of integers.
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `used` is ours to write.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut used) };
    [used.ru_utime, used.ru_stime]
        .map(|t| {
            let (s, us) = (t.tv_sec.cast_unsigned(), t.tv_usec.cast_unsigned());
            Duration::from_secs(s) + Duration::from_micros(us)
        })
        .iter()
        .sum()
}

/// How many wanted to run on this machine over the last minute, on average.
pub fn load_average() -> Option<f64> {
    let mut loads = [0.0_f64];
    // SAFETY: writes at most as many numbers as we own.
    (unsafe { libc::getloadavg(loads.as_mut_ptr(), 1) } == 1).then(|| loads[0])
}

/// The kernel, as `Linux 6.1.0 x86_64`.
pub fn kernel() -> String {
    // SAFETY: `utsname` is a plain C struct of characters.
    let mut names: libc::utsname = unsafe { std::mem::zeroed() };
    // SAFETY: `names` is ours to write; the kernel ends each text with a zero.
    unsafe { libc::uname(&raw mut names) };
    let text = |chars: &[libc::c_char]| {
        let bytes: Vec<u8> = chars.iter().map(|&c| c as u8).take_while(|&b| b != 0).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    format!("{} {} {}", text(&names.sysname), text(&names.release), text(&names.machine))
}

/// The name of this machine; `localhost` where it has none.
pub fn host_name() -> String {
    let mut name = [0u8; 256];
    // SAFETY: writes at most as many bytes as we own; the last one stays zero.
    let known = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) } == 0;
    let text = name.split(|&byte| byte == 0).next().unwrap_or_default();
    if known && !text.is_empty() {
        return String::from_utf8_lossy(text).into_owned();
    }
    "localhost".to_owned()
}

/// Whether this process was started with a signal ignored, as `nohup` does.
pub fn is_ignored(signal: libc::c_int) -> bool {
    // SAFETY: `sigaction` is a plain C struct; all zeros is a value of it.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: only asks, and `action` is ours to write.
    let asked = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) };
    asked == 0 && action.sa_sigaction == libc::SIG_IGN
}

/// The effective user id of this process.
pub fn effective_user() -> u32 {
    // SAFETY: a call without arguments that cannot fail.
    unsafe { libc::geteuid() }
}

/// The system's reason as the end of a sentence, without Rust's `(os error 28)`.
pub fn reason(error: &io::Error) -> String {
    if error.raw_os_error() == Some(libc::EMFILE) {
        return format!("more than {} open files (`ulimit -n`)", file_limit());
    }
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((reason, _)) => reason.to_lowercase(),
        None => text,
    }
}

/// Lets no other program of this user read our memory, and no core dump hold it. For a process that
/// has secrets in it.
pub fn hide_memory() {
    // SAFETY: a call with numbers; refused, it changes nothing, and we go on without.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_memory_is_not_dumped() {
        hide_memory();
        // SAFETY: only asks.
        assert_eq!(unsafe { libc::prctl(libc::PR_GET_DUMPABLE) }, 0);
    }
}
