//! Tests of property files: their two forms, Java's names, and what is refused.

use std::os::unix::fs::PermissionsExt;

use super::*;

/// The properties of a text, as `name=value` lines.
fn lines(text: &str) -> String {
    let conf = parse(text, false).unwrap_or_else(|error| panic!("{text}: {}", error.message));
    let lines = conf.properties.iter().map(|(name, value)| format!("{name}={value}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Why a text is refused.
fn refusal(text: &str) -> TargetError {
    parse(text, false).expect_err(text)
}

#[test]
fn librdkafkas_form_keeps_a_value_whole() {
    let text = "\u{feff}# comment\r\nbootstrap.servers = k:9093 \r\n\r\n\
                sasl.password=a=b\\u0041 #c\\\r\nclient.id=\r\n";
    let conf = parse(text, false).unwrap();
    assert_eq!(conf.brokers.as_deref(), Some("k:9093"));
    assert_eq!(lines(text), "sasl.password=a=b\\u0041 #c\\\nclient.id=");
    assert_eq!(conf.warnings, Vec::<String>::new());
    assert_eq!(parse("", false).unwrap(), ConfFile::default());
}

#[test]
fn javas_form_has_escapes_and_long_lines() {
    let text = "! comment\nkey.serializer : x.Y\nclient.id\ta\\u0062\\\\c\\=d\n\
                sasl.jaas.config=a.PlainLoginModule required \\\n   username=\"me\" \\\n \
                password=\"p=\\u0041\";\n\
                ssl.endpoint.identification.algorithm=\nsecurity.protocol=SASL_SSL\n";
    let expected = "client.id=ab\\c=d\nsasl.username=me\nsasl.password=p=A\n\
                    ssl.endpoint.identification.algorithm=none\nsecurity.protocol=SASL_SSL";
    assert_eq!(lines(text), expected);
    let conf = parse(text, false).unwrap();
    assert_eq!(conf.warnings, ["not for kaw, and passed over: `key.serializer`"]);
}

#[test]
fn stores_of_java_are_translated_or_refused_with_a_way_out() {
    let pem = "ssl.truststore.type=PEM\nssl.truststore.location=/ca.pem\n\
               ssl.keystore.type=PEM\nssl.keystore.location=/me.pem\nssl.key.password=x\n";
    assert_eq!(
        lines(pem),
        "ssl.ca.location=/ca.pem\nssl.certificate.location=/me.pem\nssl.key.location=/me.pem\n\
         ssl.key.password=x"
    );
    let pkcs12 = "ssl.keystore.type=PKCS12\nssl.keystore.location=/me.p12\n\
                  ssl.keystore.password=x\n";
    assert_eq!(lines(pkcs12), "ssl.keystore.location=/me.p12\nssl.keystore.password=x");
    for (text, kind, way) in [
        ("ssl.truststore.location=/t.jks\n", "JKS", "keytool -importkeystore -srckeystore /t.jks"),
        (
            "ssl.truststore.type=pkcs12\nssl.truststore.location=/t.p12\n",
            "PKCS12",
            "openssl pkcs12 -in /t.p12 -nokeys -out ca.pem",
        ),
        ("key.serializer=x\nssl.keystore.location=/k.jks\n", "JKS", "`ssl.keystore.type=PEM`"),
        ("ssl.keystore.location=/k.jks\n", "JKS", "keytool"),
    ] {
        let error = refusal(text);
        assert!(error.message.contains(&format!("of type {kind}")), "{}", error.message);
        assert!(error.hint.as_ref().is_some_and(|hint| hint.contains(way)), "{error:?}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_without_values() {
    for (text, near) in [
        ("client.id=a\nclient.id=b\n", "line 2: `client.id` is in line 1 already"),
        (
            "sasl.mechanism=PLAIN\nsasl.mechanisms=PLAIN\n",
            "line 2: `sasl.mechanisms` is `sasl.mechanism` of line 1 again",
        ),
        ("sasl.pasword=marker\n", "did you mean `sasl.password`?"),
        ("\nssl.truststor.location=marker\n", "did you mean `ssl.truststore.location`?"),
        ("marker\n", "line 1 is not `name=value`"),
        ("=marker\n", "line 1 is not `name=value`"),
        ("socket.timeout.ms=1\n", "line 1: `socket.timeout.ms` must be a whole number"),
        ("sasl.mechanism=GSSAPI\n", "line 1: SASL mechanism GSSAPI (Kerberos) is not built in"),
        ("plugin.library.paths=/x.so\n", "run what it names"),
        ("sasl.kerberos.kinit.cmd=rm\n", "run what it names"),
        ("ssl.engine.location=/x.so\n", "run what it names"),
        ("key.serializer=a\nclient.id=\\u00\n", "line 2: an escape"),
        ("sasl.password=a\0b\n", "NUL"),
    ] {
        let error = refusal(text);
        assert!(error.message.contains(near), "{text}: {}", error.message);
        assert!(!format!("{error:?}").contains("marker"), "{error:?}");
    }
    let with = parse("plugin.library.paths=/x.so\n", true).unwrap();
    assert_eq!(with.properties.len(), 1, "allowed where asked for");
}

#[test]
fn what_kaw_sets_itself_is_passed_over_in_a_file() {
    let conf = parse("acks=all\nclient.id=a\nschema.registry.url=x\n", false).unwrap();
    assert_eq!(conf.warnings, ["not for kaw, and passed over: `schema.registry.url`, `acks`"]);
    let text = "acks=all\ngroup.id=g\nclient.id=a\nkey.serializer=x\nbasic.auth.user.info=marker\n";
    let conf = parse(text, false).unwrap();
    assert_eq!(lines(text), "client.id=a");
    let passed = "`key.serializer`, `basic.auth.user.info`, `acks`, `group.id`";
    assert_eq!(conf.warnings, [format!("not for kaw, and passed over: {passed}")]);
}

#[test]
fn a_file_with_a_secret_that_others_can_read_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kcat.conf");
    let warnings = |text: &str, mode| {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        read(&path, false).unwrap().warnings.len()
    };
    assert_eq!(warnings("sasl.password=x\n", 0o600), 0);
    assert_eq!(warnings("sasl.password=x\n", 0o640), 1);
    assert_eq!(warnings("client.id=x\n", 0o644), 0);
    assert!(read(dir.path(), false).is_err());
    std::fs::write(&path, "x".repeat(BYTES_MAX + 1)).unwrap();
    assert!(read(&path, false).is_err());
}
