//! Owns a terminal that shows nothing of what is typed. Leaves what is asked there to its callers.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// A terminal that shows nothing of what is typed and edits nothing, until this is dropped.
/// Meanwhile the signals that would end the process wait, so that none leaves the terminal like
/// that.
#[derive(Debug)]
pub struct Silence<'a> {
    /// The terminal.
    terminal: &'a File,
    /// How it was.
    before: Box<libc::termios>,
    /// The signals that waited before.
    mask: Box<libc::sigset_t>,
}

/// The signals that end a process which waits for a person.
const ENDING: [libc::c_int; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

impl<'a> Silence<'a> {
    /// Silences a terminal.
    pub fn begin(terminal: &'a File) -> io::Result<Self> {
        // SAFETY: both are plain C structs; all zeros is a value of each.
        let (mut before, mut mask, mut ending): (libc::termios, libc::sigset_t, libc::sigset_t) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed(), std::mem::zeroed()) };
        // SAFETY: the descriptor is open for the borrow, and the struct is ours to write.
        if unsafe { libc::tcgetattr(terminal.as_raw_fd(), &raw mut before) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the sets are ours; `sigemptyset` makes `ending` a set before anything is added.
        unsafe {
            libc::sigemptyset(&raw mut ending);
            for signal in ENDING {
                libc::sigaddset(&raw mut ending, signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const ending, &raw mut mask);
        }
        let mut silent = before;
        silent.c_lflag &= !(libc::ECHO | libc::ICANON | libc::ISIG);
        let silence = Self { terminal, before: Box::new(before), mask: Box::new(mask) };
        silence.set(&silent)?;
        Ok(silence)
    }

    /// Whether a signal waits that would have ended the process.
    pub fn is_signalled(&self) -> bool {
        // SAFETY: a plain C struct; all zeros is a value of it.
        let mut waiting: libc::sigset_t = unsafe { std::mem::zeroed() };
        // SAFETY: writes to a set of ours, and then only reads it.
        unsafe {
            libc::sigpending(&raw mut waiting) == 0
                && ENDING.iter().any(|&one| libc::sigismember(&raw const waiting, one) == 1)
        }
    }

    /// Sets the terminal.
    fn set(&self, how: &libc::termios) -> io::Result<()> {
        let fd = self.terminal.as_raw_fd();
        // SAFETY: the descriptor is open for the borrow, and the struct is only read.
        match unsafe { libc::tcsetattr(fd, libc::TCSAFLUSH, std::ptr::from_ref(how)) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        // A terminal that has gone needs nothing.
        drop(self.set(&self.before));
        // SAFETY: the set is what `pthread_sigmask` gave us, and is only read.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const *self.mask, std::ptr::null_mut());
        }
    }
}
