//! Owns where a copy reads and writes: `TOPIC`, `DIR#TOPIC` or `HOST:PORT#TOPIC`. Leaves the
//! targets behind the words to `cli`.

use std::path::PathBuf;

use crate::cli::global::GlobalArgs;
use crate::cli::target;
use crate::cluster::Cluster;
use crate::cluster::types::Target;
use crate::commands::{Context, Failure};
use crate::topic::TopicName;

/// A topic, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The target; `None` is that of the command line.
    at: Option<At>,
    /// The topic.
    pub topic: TopicName,
}

/// A target that a place names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    /// A log directory.
    Directory(PathBuf),
    /// Brokers.
    Brokers(String),
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (at, topic) = match text.rsplit_once('#') {
            Some((at, topic)) => (Some(parse_at(at)?), topic),
            None => (None, text),
        };
        let topic = TopicName::new(topic).map_err(|error| error.to_string())?;
        Ok(Self { at, topic })
    }
}

/// Reads what stands before the `#`: brokers are `HOST:PORT,..`, all else is a directory.
fn parse_at(text: &str) -> Result<At, String> {
    if text.is_empty() {
        return Err("nothing stands before the `#`: a directory, or HOST:PORT".to_owned());
    }
    let is_broker = |one: &str| {
        let port = one.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
        matches!(port, Some((host, Ok(_))) if !host.is_empty() && !host.contains('/'))
    };
    if text.split(',').all(is_broker) {
        return Ok(At::Brokers(text.to_owned()));
    }
    Ok(At::Directory(PathBuf::from(text)))
}

impl Place {
    /// Its target, and a name for it that is the same in the next run.
    pub fn open(&self, context: &Context) -> Result<(Cluster, String), Failure> {
        let global = context.global.clone();
        let global = match &self.at {
            None => global,
            Some(at) => {
                let (log_dir, brokers) = match at {
                    At::Directory(path) => (Some(path.clone()), None),
                    At::Brokers(list) => (None, Some(list.clone())),
                };
                // Properties are for brokers, and a target that is named beats a profile.
                let property = brokers.as_ref().map_or(Vec::new(), |_| global.property.clone());
                let config_file = global.config_file.clone().filter(|_| brokers.is_some());
                GlobalArgs { log_dir, brokers, profile: None, property, config_file, ..global }
            }
        };
        let mut resolved = target::resolve(&global, &|name| std::env::var_os(name))?;
        context.out.verbose(format_args!("{}: {resolved}", self.topic));
        resolved.unlock()?;
        resolved.warnings.iter().for_each(|warning| context.out.warn(warning));
        let name = match &resolved.target {
            Target::Directory { path, .. } => {
                std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string()
            }
            Target::Brokers(brokers) => brokers.list.clone(),
        };
        let cluster = Cluster::open(&resolved.target, context.limits)
            .map_err(|error| Failure::cluster("open the target", error))?;
        Ok((cluster, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_topics_with_or_without_a_target() {
        let at = |text: &str| text.parse::<Place>().map(|place| place.at);
        assert_eq!(at("users"), Ok(None));
        assert_eq!(at("h:9092,i:1#users"), Ok(Some(At::Brokers("h:9092,i:1".to_owned()))));
        for directory in ["/var/log/a", "logs", "a:b", "./h:9092", "h:90920", "a#b"] {
            let place = at(&format!("{directory}#users"));
            assert_eq!(place, Ok(Some(At::Directory(PathBuf::from(directory)))));
        }
        for bad in ["", "#users", "dir#", "dir#a/b", "a b"] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }
}
