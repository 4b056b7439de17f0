//! Owns the tests of what a terminal sees: colour, progress, and nothing from a record that drives
//! it. Needs `script`, which makes a terminal.

use crate::needs::Need;
use crate::sandbox::Sandbox;

/// What a terminal gets when `command` runs on it, byte for byte.
fn on_terminal(s: &Sandbox, command: &str) -> Vec<u8> {
    s.write("command", command);
    // With a stdin that ends, `script` ends before the command.
    let run = s.bash(
        "rm -f hold; mkfifo hold; exec 9<>hold; \
                      env -u NO_COLOR TERM=xterm script -qec 'bash command' /dev/null <&9",
    );
    run.success().stdout_bytes().to_vec()
}

/// The same as text.
fn text_on_terminal(s: &Sandbox, command: &str) -> String {
    String::from_utf8(on_terminal(s, command)).expect("a terminal gets text")
}

#[test]
fn a_record_does_not_drive_the_terminal() {
    if !Need::Script.met() {
        return;
    }
    let s = Sandbox::new();
    let all: Vec<u8> = (0..=255).chain("\u{9b}31m\u{202e}\u{200b}\u{feff}".bytes()).collect();
    let both = [&all[..], b"KEY", &all].concat();
    s.stdin(both.clone()).run("produce t --whole -K KEY").success();
    for options in ["", "--json", "-f '%k %s %h'", "-f '%s{json}'", "-J"] {
        let shown = text_on_terminal(&s, &format!("kaw consume t -e {options}"));
        for c in shown.chars() {
            let harmless = matches!(c, '\t' | '\n' | '\r') || !c.is_control();
            let directs = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert!(harmless && !directs, "{c:?} of `{options}` in {shown:?}");
        }
    }
    assert!(text_on_terminal(&s, "kaw consume t -e").contains("\\x1b"));
    // Raw is raw, and a pipe gets the bytes.
    assert!(on_terminal(&s, "kaw consume t -e --raw").contains(&0x1b));
    let piped = s.run("consume t -e -f %kKEY%s");
    assert_eq!(piped.success().stdout_bytes(), both);
}

#[test]
fn a_value_of_many_lines_is_one_line_on_a_terminal() {
    if !Need::Script.met() {
        return;
    }
    let s = Sandbox::new();
    s.stdin("a\nb\r\tc").run("produce t --whole").success();
    assert_eq!(text_on_terminal(&s, "kaw consume t -e"), "a\\x0ab\\x0d\tc\r\n");
}

#[test]
fn a_command_gets_the_bytes_also_on_a_terminal() {
    if !Need::Script.met() {
        return;
    }
    let s = Sandbox::new();
    s.stdin("a\u{1b}[2J\nb").run("produce t --whole").success();
    text_on_terminal(&s, "kaw consume t -g g -e --exec sh -c 'cat > got'");
    assert_eq!(std::fs::read(s.path("got")).unwrap(), b"a\x1b[2J\nb\n");
}

#[test]
fn progress_is_drawn_and_cleared_on_a_terminal() {
    if !Need::Script.met() {
        return;
    }
    let s = Sandbox::new();
    let slow = "kaw fake 60 --rate 60/s";
    let shown = text_on_terminal(&s, &format!("{slow} | kaw produce t --acks 1"));
    assert!(shown.contains("produced ") && shown.contains(" records, "), "{shown:?}");
    let last = shown.rsplit("\u{1b}[2K").next().unwrap();
    assert!(last.starts_with("read 60 records: 60 persisted"), "the line is cleared: {shown:?}");
    let shown = text_on_terminal(&s, "kaw consume t -e --rate 60/s >/dev/null");
    assert!(shown.contains("consumed "), "{shown:?}");
    for quiet in ["-q ", ""] {
        let command = if quiet.is_empty() { "2>&1 | cat" } else { "" };
        let shown = text_on_terminal(&s, &format!("{slow} | kaw {quiet}produce t {command}"));
        assert!(!shown.contains("produced "), "{shown:?}");
    }
}

#[test]
fn errors_are_coloured_on_a_terminal_unless_told_otherwise() {
    if !Need::Script.met() {
        return;
    }
    let s = Sandbox::new();
    s.run("topics create t").success();
    let error = "kaw topics describe nope; true";
    assert!(text_on_terminal(&s, error).contains("\u{1b}[31mkaw:"));
    for plain in ["NO_COLOR=1 ", "TERM=dumb "] {
        let shown = text_on_terminal(&s, &format!("{plain}{error}"));
        assert!(!shown.contains('\u{1b}'), "{plain}: {shown:?}");
    }
    let never = "kaw --color never topics describe nope; kaw topics list";
    assert!(!text_on_terminal(&s, never).contains('\u{1b}'));
    let always = s.bash("kaw --color always topics describe nope; true");
    assert!(always.success().stderr().contains("\u{1b}[31mkaw:"), "{always}");
}

#[test]
fn lag_is_drawn_over_the_last_look() {
    if !Need::Script.met() {
        return;
    }
    let s = Sandbox::new();
    s.stdin("a\nb\n").run("produce t").success();
    s.run_with(["consume", "t", "-g", "\u{1b}[2Jg", "-n", "1"]).success();
    let watch = "kaw lag --watch 10ms -n 3";
    let shown = text_on_terminal(&s, watch);
    assert_eq!(shown.matches("\u{1b}[H\u{1b}[2J").count(), 3, "{shown:?}");
    assert_eq!(shown.matches('\u{1b}').count(), 6, "nothing but that drives it: {shown:?}");
    assert!(shown.contains("\\u{1b}[2Jg"), "{shown:?}");
    for plain in [&format!("TERM=dumb {watch}"), "kaw lag --output openmetrics"] {
        let shown = text_on_terminal(&s, plain);
        assert!(!shown.contains('\u{1b}') && shown.contains("[2Jg"), "{plain}: {shown:?}");
    }
}

#[test]
fn watched_lag_is_drawn_over_itself_with_a_trend() {
    if !Need::Script.met() {
        return;
    }
    let s = Sandbox::new();
    s.stdin("x\n".repeat(10)).run("produce t").success();
    s.run("consume t -g g -n 4").success();
    let shown = text_on_terminal(&s, "kaw lag g --watch 20ms -n 3");
    let looks: Vec<&str> = shown.split("\u{1b}[H\u{1b}[2J").collect();
    assert_eq!(looks.len(), 4, "three looks, each on a clear screen: {shown:?}");
    assert!(looks[0].is_empty(), "{shown:?}");
    for (n, look) in looks[1..].iter().enumerate() {
        for header in ["IN-PER-S", "OUT-PER-S", "TIME-TO-ZERO-MS", "TREND"] {
            assert!(look.contains(header), "{look:?}");
        }
        // One bar for each look so far.
        assert!(look.trim_end().ends_with(&format!(" {}", "\u{2588}".repeat(n + 1))), "{look:?}");
    }
}
