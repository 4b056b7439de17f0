//! Owns looking at lag again while brokers are away, for who looks more than once. Leaves the look
//! itself to `collect`.

use std::time::{Duration, Instant};

use super::collect::{Asked, Found, collect};
use crate::commands::stop::Stop;
use crate::commands::{Context, Failure, Status};
use crate::out::units;

/// The pause between two looks whether brokers answer again, and how long such a look may take.
const PAUSE: Duration = Duration::from_millis(500);

/// One who looks again and again.
#[derive(Debug)]
pub(super) struct Patience<'a> {
    /// What the command was given.
    context: &'a Context,
    /// Ends the waits.
    stop: &'a Stop,
    /// When there is no more patience.
    until: Option<Instant>,
    /// An address that never answered is wrong; brokers that have answered come back.
    has_seen: bool,
}

impl<'a> Patience<'a> {
    /// One who has patience until then, once there was an answer.
    pub(super) fn new(context: &'a Context, stop: &'a Stop, until: Option<Instant>) -> Self {
        Self { context, stop, until, has_seen: false }
    }

    /// Collects, however long brokers are away; `None` once it is to stop.
    pub(super) fn collect(&mut self, asked: Asked<'_>) -> Result<Option<Found>, Failure> {
        let started = Instant::now();
        let mut is_told = false;
        loop {
            let failure = match look(self.context, asked) {
                Ok(found) => {
                    if is_told {
                        let away = units::duration(started.elapsed());
                        self.context.out.warn(format_args!("brokers answer again, after {away}"));
                    }
                    self.has_seen = true;
                    return Ok(Some(found));
                }
                Err(failure) if failure.status == Status::Unreachable && self.has_seen => failure,
                Err(failure) => return Err(failure),
            };
            if !std::mem::replace(&mut is_told, true) {
                let told = &failure.message;
                let line = format_args!("a broker is away, and is tried again: {told}");
                self.context.out.warn(line);
            }
            if !self.wait_for_brokers(failure)? {
                return Ok(None);
            }
        }
    }

    /// Waits until brokers answer again; false once it is to stop. Gives the failure back when
    /// there is no more patience, or where there are no brokers.
    fn wait_for_brokers(&self, failure: Failure) -> Result<bool, Failure> {
        loop {
            if self.stop.wait(PAUSE) {
                return Ok(false);
            }
            if self.until.is_some_and(|until| until <= Instant::now()) {
                return Err(failure);
            }
            let answering = self.context.cluster()?.is_answering(PAUSE);
            match answering.map_err(|error| self.context.failure("ask brokers again", error))? {
                Some(true) => return Ok(true),
                Some(false) => {}
                None => return Err(failure),
            }
        }
    }
}

/// Collects once; fails too where brokers are away for some groups only.
fn look(context: &Context, asked: Asked<'_>) -> Result<Found, Failure> {
    let mut found = collect(context, asked)?;
    let is_away = |failure: &Failure| failure.status == Status::Unreachable;
    match found.failures.iter().position(is_away) {
        Some(at) => Err(found.failures.swap_remove(at)),
        None => Ok(found),
    }
}
