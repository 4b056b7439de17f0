//! Owns the trial of `--exec` with a database: nested JSON through jq into SQLite, with kaw, its
//! command, or both killed at random moments, and with a command that fails at random. No record
//! may be missing in the end; one may be there twice. `KAW_KILLS` is the number of kills,
//! `KAW_KILLS_SEED` repeats their moments.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::groups_exec::committed;
use crate::needs::Need;
use crate::sandbox::{Running, Sandbox};

/// Kills unless told otherwise.
const KILLS: u64 = 25;
/// Records between two kills: more than are read meanwhile, now and then.
const RECORDS: u64 = 60;
/// What loads a batch. Nothing makes a row that is there twice one.
const LOAD: &str = r"set -o pipefail
jq -rn 'inputs | [.id, (.city | .name, .geo.lat), .temp] | @csv' |
    sqlite3 -cmd '.timeout 20000' weather.db '.import --csv /dev/stdin weather'
";

/// A topic, a table, and the rows that are to be in it.
struct Weather {
    s: Sandbox,
    rows: Vec<String>,
}

impl Weather {
    fn new(load: &str) -> Self {
        let s = Sandbox::new();
        s.run("topics create weather -p 3").success();
        s.bash("sqlite3 weather.db 'create table weather (id int, city, lat real, temp real)'")
            .success();
        s.write("load", load);
        Self { s, rows: Vec::new() }
    }

    /// Sends some more records.
    fn produce(&mut self) {
        let mut lines = String::new();
        let first = self.rows.len() as u64;
        for id in first..first + RECORDS {
            let (lat, temp) = (id % 90, id % 40);
            let city = format!(r#"{{"name":"A \"b\", {id}","geo":{{"lat":{lat}.5}}}}"#);
            writeln!(lines, r#"{{"id":{id},"city":{city},"temp":{temp}.25}}"#).unwrap();
            self.rows.push(format!("{id}|A \"b\", {id}|{lat}.5|{temp}.25"));
        }
        self.s.stdin(lines).run("produce weather --key-field /id").success();
        self.s.sent("weather", RECORDS);
    }

    /// Starts a member that loads what comes.
    fn load(&self, options: &str) -> Running<'_> {
        self.s.spawn(&format!("consume weather -g g --batch 15 {options} --exec bash load"))
    }

    /// Checks that every record is in the table, as it was sent, and returns how many rows are
    /// there besides.
    fn judge(&self) -> usize {
        let rows = self.s.bash("sqlite3 weather.db 'select * from weather'").success().stdout();
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for row in rows.lines() {
            *times.entry(row).or_default() += 1;
        }
        let missing: Vec<&String> =
            self.rows.iter().filter(|row| !times.contains_key(row.as_str())).collect();
        assert!(missing.is_empty(), "{} are missing: {missing:?}", missing.len());
        assert_eq!(times.len(), self.rows.len(), "there are rows that nobody sent");
        assert_eq!(committed(&self.s) as usize, self.rows.len());
        rows.lines().count() - self.rows.len()
    }
}

/// A number that the environment may set.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Kills the command that a member runs, with all that it started; true if it ran one. The member
/// is stopped, so that the number stays that of its child.
fn kill_command(member: &Running<'_>) -> bool {
    let id = member.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let groups: Vec<String> =
        children.split_whitespace().map(|child| format!("-{child}")).collect();
    if groups.is_empty() {
        return false;
    }
    let kill = Command::new("kill").args(["-9", "--"]).args(&groups).output().unwrap();
    // One that has just been started does not lead its group yet, and one that ended has none.
    kill.status.success()
}

#[test]
fn kills_at_random_lose_nothing() {
    if !Need::Jq.met() || !Need::Sqlite.met() {
        return;
    }
    let kills = setting("KAW_KILLS").unwrap_or(KILLS);
    let seed = setting("KAW_KILLS_SEED").unwrap_or_else(rand::random);
    let mut random = Pcg64::seed_from_u64(seed);
    let mut weather = Weather::new(LOAD);
    let mut busy = 0;
    for _ in 0..kills {
        weather.produce();
        let mut member = weather.load("");
        std::thread::sleep(Duration::from_millis(random.gen_range(5..120)));
        member.signal("STOP");
        match random.gen_range(0..3) {
            0 => member.kill(),
            1 => {
                busy += u64::from(kill_command(&member));
                member.kill();
            }
            // The command alone: what it did not do is not committed, and the member ends.
            _ => {
                busy += u64::from(kill_command(&member));
                member.signal("CONT");
                member.signal("TERM");
            }
        }
        let code = member.finish().status().code();
        assert!([None, Some(3), Some(143)].contains(&code), "{code:?}, seed {seed}");
    }
    weather.load("-e").finish().success();
    let twice = weather.judge();
    let rows = weather.rows.len();
    let report = format!(
        "\n{kills} kills, {busy} of a running command: {rows} records, none is missing, {twice} \
         came twice (seed {seed})\n"
    );
    std::io::stderr().write_all(report.as_bytes()).unwrap();
}

#[test]
fn a_command_that_fails_at_random_loses_nothing() {
    if !Need::Jq.met() || !Need::Sqlite.met() {
        return;
    }
    // Before the work and after it, by its exit and by a signal.
    let before = "r=$((RANDOM % 100)); [ $r -ge 15 ] || { echo 1 >> failed; exit 1; }\n\
                  [ $r -ge 20 ] || { echo 1 >> failed; kill -9 $$; }\n";
    let after = "|| exit 1\n[ $r -lt 85 ] || { echo 1 >> failed; exit 1; }\n\
                 [ $r -lt 80 ] || { echo 1 >> failed; kill -TERM $$; }\n";
    let mut weather = Weather::new(&format!("{before}{}{after}", LOAD.trim_end().to_owned() + " "));
    for _ in 0..20 {
        weather.produce();
    }
    let mut runs = 1;
    while weather.load("-e --retry 1").finish().status().code() != Some(0) {
        runs += 1;
        assert!(runs < 1000, "it never gets through");
    }
    let twice = weather.judge();
    let failed = std::fs::read_to_string(weather.s.path("failed")).unwrap().lines().count();
    assert!(failed > 0 && twice > 0, "{failed} failed, {twice} came twice, in {runs} runs");
}
