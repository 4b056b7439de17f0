//! Owns `-X`: a property on the command line, where everybody who may list processes can read it.
//! Leaves the properties of files to `profile` and `conf_file`.

use super::conf_file;
use super::global::GlobalArgs;
use super::target::TargetError;
use crate::properties;
use crate::secret::Secret;

/// What asks for the list of all properties, as it does in kcat.
const LIST: &str = "list";

/// How a password is given without showing it to others.
pub(super) const SAFE_WAYS: &str = "a profile has `password_file`, `password_command`, \
                                    `password_env` and `password_prompt`; a file for \
                                    `--config-file` has mode 600";

/// Whether the list of all properties is asked for.
pub fn asks_for_list(args: &GlobalArgs) -> bool {
    args.property.iter().any(|text| text.reveal() == LIST)
}

/// Reads and checks the properties of the command line, in their order. No error shows a value that
/// may be a secret.
pub fn properties(args: &GlobalArgs) -> Result<Vec<(String, String)>, TargetError> {
    let texts = args.property.iter().map(Secret::reveal).filter(|text| *text != LIST);
    texts.map(|text| one(text, args.allow_code_in_config)).collect()
}

/// Reads one.
fn one(text: &str, allow_code: bool) -> Result<(String, String), TargetError> {
    let Some((name, value)) = text.split_once('=') else {
        // Not shown: it may be the end of a secret with a space in it.
        return Err(TargetError::new("`-X` takes `KEY=VALUE`, and this one has no `=`")
            .hint("`kaw -X list` shows every key"));
    };
    let name = name.trim();
    if properties::is_secret(name) {
        let name = name.escape_debug();
        let message = format!("`-X {name}` would show a secret to everybody on this machine");
        return Err(TargetError::new(message).hint(SAFE_WAYS));
    }
    if let Some(instead) = properties::find(name).and_then(properties::Property::owned) {
        return Err(TargetError::new(format!("`{name}` is kaw's to set: {instead}")));
    }
    conf_file::check(name, value, allow_code)?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, TargetError> {
        properties(&GlobalArgs { property: vec![Secret::new(text)], ..GlobalArgs::default() })
    }

    #[test]
    fn a_property_is_a_known_key_and_a_value_that_it_takes() {
        let good = read("client.id=a=b").unwrap();
        assert_eq!(good, [("client.id".to_owned(), "a=b".to_owned())]);
        assert!(read("list").unwrap().is_empty());
        for (text, near) in [
            ("client.id", "no `=`"),
            ("client.di=a", "did you mean `client.id`?"),
            ("socket.timeout.ms=soon", "a whole number from 10 to 300000"),
            ("group.id=g", "`kaw consume --group`"),
            ("bootstrap.servers=k:1", "`--brokers`"),
            ("enable.auto.commit=true", "kaw commits"),
            ("plugin.library.paths=/x.so", "run what it names"),
            ("=x", "no property"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.message.contains(near), "{text}: {}", error.message);
        }
    }

    #[test]
    fn a_secret_is_refused_and_not_shown() {
        for name in
            ["sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.jaas.config", "password"]
        {
            let error = read(&format!("{name}=marker")).unwrap_err();
            assert!(error.message.contains("would show a secret"), "{}", error.message);
            assert!(!format!("{error:?}").contains("marker"));
        }
        assert!(!read("sasl.pasword=marker").unwrap_err().message.contains("marker"));
        assert!(!read("marker").unwrap_err().message.contains("marker"));
    }
}
