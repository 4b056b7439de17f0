//! Owns the terminal: nothing else writes to stdout or stderr. Leaves what is said to commands, and
//! which exit code a failed write becomes to `commands::failure`.
//!
//! stdout carries the answer and nothing else; status, warnings, hints, errors and progress go to
//! stderr. A failed write to stdout is the caller's to judge; a failed write to stderr is ignored,
//! since there is nobody left to tell.

pub mod chart;
pub mod progress;
pub mod table;
pub mod units;

use std::fmt::Display;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, PoisonError};

use anstyle::{AnsiColor, Style};
use indicatif::ProgressBar;
use serde::Serialize;

pub use self::progress::Progress;
pub use self::table::{Cell, Column, Format, Table};

/// Whether to use colour (`--color`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Colour {
    /// The decision for one stream.
    pub fn on(self, terminal: bool, no_color: bool) -> bool {
        match self {
            Self::Auto => terminal && !no_color,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
/// How the terminal is to be used; all of it from the command line and the environment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// The form of answers.
    pub format: Format,
    /// Whether tables and TSV are without headers.
    pub no_headers: bool,
    /// Whether errors are JSON objects.
    pub json_errors: bool,
    /// Whether status and progress are dropped.
    pub quiet: bool,
    /// How often `-v` was given.
    pub verbose: u8,
    /// Whether to use colour.
    pub colour: Colour,
    /// Whether `NO_COLOR` is set and not empty, or the terminal is `dumb`.
    pub no_color: bool,
    /// Whether the terminal cannot take a line away, so that it gets no progress.
    pub dumb: bool,
}

/// Where a progress line is kept while it is shown, so that other lines are written around it.
#[derive(Clone, Debug, Default)]
struct Bar(Arc<Mutex<Option<ProgressBar>>>);

impl Bar {
    /// Puts a line there, or takes it away.
    fn set(&self, bar: Option<ProgressBar>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bar;
    }

    /// Runs `write` with the line taken off the terminal.
    fn around<T>(&self, write: impl FnOnce() -> T) -> T {
        let bar = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// The terminal.
#[derive(Debug)]
pub struct Out {
    /// How it is to be used.
    look: Look,
    /// Whether stdout is a terminal.
    stdout_terminal: bool,
    /// Whether stderr is a terminal.
    stderr_terminal: bool,
    /// The progress line that is shown, if any.
    bar: Bar,
}

impl Out {
    /// The terminal, used as `look` says.
    pub fn new(look: Look) -> Self {
        Self {
            look,
            stdout_terminal: io::stdout().is_terminal(),
            stderr_terminal: io::stderr().is_terminal(),
            bar: Bar::default(),
        }
    }

    /// Whether stdout is a terminal.
    pub const fn stdout_is_terminal(&self) -> bool {
        self.stdout_terminal
    }

    /// Whether a table on stdout can be drawn over the one before.
    pub fn redraws(&self) -> bool {
        self.stdout_terminal && !self.look.dumb && self.look.format == Format::Table
    }

    /// The form of answers.
    pub const fn format(&self) -> Format {
        self.look.format
    }

    /// Whether colour is wanted on stdout.
    pub fn stdout_colour(&self) -> bool {
        self.look.colour.on(self.stdout_terminal, self.look.no_color)
    }

    /// Whether `-v` was given.
    pub const fn is_verbose(&self) -> bool {
        self.look.verbose > 0
    }

    /// Writes the answer to stdout in the form that was asked for.
    pub fn answer(&self, table: &Table) -> io::Result<()> {
        let text = table.render(self.look.format, !self.look.no_headers, self.stdout_terminal);
        self.raw(text.as_bytes())
    }

    /// Writes bytes to stdout as they are.
    pub fn raw(&self, bytes: &[u8]) -> io::Result<()> {
        self.bar.around(|| self.stdout()?.write_all(bytes))
    }

    /// Opens stdout for a stream of bytes. Each write is one system call: the caller has the
    /// buffer, and what was written is what the reader has.
    pub fn stdout(&self) -> io::Result<Stdout> {
        let fd = io::stdout().as_fd().try_clone_to_owned()?;
        Ok(Stdout(File::from(fd)))
    }

    /// Says on stderr what was asked for; also when quiet.
    pub fn note(&self, text: impl Display) {
        self.line(&units::safe_text(&text.to_string()));
    }

    /// Says what was done, unless quiet.
    pub fn status(&self, text: impl Display) {
        if !self.look.quiet {
            self.line(&units::safe_text(&text.to_string()));
        }
    }

    /// Says more, with `-v`.
    pub fn verbose(&self, text: impl Display) {
        if self.is_verbose() {
            self.line(&units::safe_text(&text.to_string()));
        }
    }

    /// Says that something may not be as expected; also when quiet.
    pub fn warn(&self, text: impl Display) {
        self.labelled("warning:", AnsiColor::Yellow, &text.to_string());
    }

    /// Says what could be done, unless quiet.
    pub fn hint(&self, text: impl Display) {
        if !self.look.quiet {
            self.labelled("hint:", AnsiColor::Cyan, &text.to_string());
        }
    }

    /// Shows the program's own help on stderr, as it is.
    pub fn help(&self, text: &str) {
        self.line(text.trim_end_matches('\n'));
    }

    /// Says what failed: a line, its causes, its hints; or one JSON object.
    pub fn error(&self, report: &ErrorReport) {
        let text = if self.look.json_errors {
            report.json(self.stderr_terminal)
        } else {
            report.plain(self.look.colour.on(self.stderr_terminal, self.look.no_color))
        };
        self.line(text.trim_end_matches('\n'));
    }

    /// Whether a progress line may be shown.
    fn shows_progress(&self) -> bool {
        self.stderr_terminal && !self.look.quiet && !self.look.dumb
    }

    /// The place of the progress line.
    fn bar(&self) -> Bar {
        self.bar.clone()
    }

    /// Writes a line that starts with a coloured word.
    fn labelled(&self, label: &str, colour: AnsiColor, text: &str) {
        let on = self.look.colour.on(self.stderr_terminal, self.look.no_color);
        let label = paint(label, colour, on);
        self.line(&format!("{label} {}", units::safe_text(text)));
    }

    /// Writes one or more lines to stderr in one piece.
    fn line(&self, text: &str) {
        let line = format!("{text}\n");
        // A closed or full stderr must not end the work.
        self.bar.around(|| io::stderr().write_all(line.as_bytes())).unwrap_or_default();
    }
}

/// stdout as a stream of bytes, without a buffer of its own.
#[derive(Debug)]
pub struct Stdout(File);

impl AsFd for Stdout {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_vectored(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An error as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorReport {
    /// What failed, and why.
    pub error: String,
    /// Kafka's name for the kind.
    pub code: &'static str,
    /// The exit code of its kind.
    pub exit_code: u8,
    /// What is below it, outermost first.
    pub causes: Vec<String>,
    /// What the user can do.
    pub hints: Vec<String>,
}

impl ErrorReport {
    /// The lines for people.
    fn plain(&self, colour: bool) -> String {
        let mut text = paint("kaw:", AnsiColor::Red, colour);
        text.push(' ');
        text.push_str(&units::safe_text(&self.error));
        for cause in &self.causes {
            text.push_str("\n  caused by: ");
            text.push_str(&units::safe_text(cause));
        }
        for hint in &self.hints {
            text.push('\n');
            text.push_str(&paint("hint:", AnsiColor::Cyan, colour));
            text.push(' ');
            text.push_str(&units::safe_text(hint));
        }
        text.push('\n');
        text
    }

    /// One JSON object on one line.
    fn json(&self, terminal: bool) -> String {
        // Texts and numbers always serialize.
        let json = serde_json::to_string(self).unwrap_or_else(|error| error.to_string());
        if terminal { units::safe_json(&json).into_owned() } else { json }
    }
}

/// The word, bold and in a colour where `on`.
fn paint(word: &str, colour: AnsiColor, on: bool) -> String {
    if !on {
        return word.to_owned();
    }
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{word}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> ErrorReport {
        ErrorReport {
            error: "cannot describe: topic `a\u{1b}` does not exist".into(),
            code: "UNKNOWN_TOPIC_OR_PARTITION",
            exit_code: 8,
            causes: vec!["no such directory".into()],
            hints: vec!["`kaw topics create a`".into()],
        }
    }

    #[test]
    fn an_error_is_a_line_then_causes_then_hints() {
        insta::assert_snapshot!(report().plain(false), @r"
        kaw: cannot describe: topic `a\u{1b}` does not exist
          caused by: no such directory
        hint: `kaw topics create a`
        ");
        assert!(report().plain(true).starts_with("\u{1b}["));
    }

    #[test]
    fn an_error_in_json_is_one_line() {
        assert_eq!(
            report().json(true),
            "{\"error\":\"cannot describe: topic `a\\u001b` does not exist\",\
             \"code\":\"UNKNOWN_TOPIC_OR_PARTITION\",\"exit_code\":8,\
             \"causes\":[\"no such directory\"],\"hints\":[\"`kaw topics create a`\"]}"
        );
    }

    #[test]
    fn colour_needs_a_terminal_or_an_order() {
        assert!(Colour::Auto.on(true, false));
        assert!(!Colour::Auto.on(true, true));
        assert!(!Colour::Auto.on(false, false));
        assert!(Colour::Always.on(false, true));
        assert!(!Colour::Never.on(true, false));
    }
}
