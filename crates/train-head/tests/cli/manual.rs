//! Completion scripts and manual pages.

use crate::util::Dir;

/// The commands that the help lists.
fn commands(dir: &Dir) -> Vec<String> {
    let help = dir.ok("--help").stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let words = listed.take_while(|line| line.starts_with("  ")).filter(|line| !line.starts_with("   "));
    words.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn every_shell_completes_every_command() {
    let dir = Dir::new();
    let commands = commands(&dir);
    assert!(commands.len() > 14, "{commands:?}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = dir.ok(&format!("completions {shell}")).stdout;
        for command in &commands {
            assert!(script.contains(command.as_str()), "{shell}: {command}");
        }
        assert!(script.contains("max-iter") && script.contains("no-passphrase"), "{shell}");
    }
    let said = dir.run("completions cmd");
    assert_eq!(said.code, 2, "{}", said.stderr);
}

#[test]
fn every_command_has_a_manual_page() {
    let dir = Dir::new();
    let main = dir.ok("man").stdout;
    assert!(main.starts_with(".ie") || main.starts_with(".TH"), "{main}");
    for part in [".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", ".SH SUBCOMMANDS", "Exit codes:"] {
        assert!(main.contains(part), "{part}");
    }
    let written = dir.ok("man pages --json").json();
    let commands = commands(&dir);
    assert_eq!(written["files"].as_array().map(Vec::len), Some(commands.len()), "{written}");
    for command in commands.iter().filter(|command| *command != "help") {
        assert!(main.contains(&format!("train\\-head\\-{command}(1)")), "{command}");
        let page = String::from_utf8(dir.read(&format!("pages/train-head-{command}.1"))).unwrap();
        assert!(page.contains(&format!(".TH train-head-{command} 1")), "{command}");
        assert!(page.contains(".SH NAME") && page.contains("\\-\\-json"), "{command}: {page}");
    }
    let page = String::from_utf8(dir.read("pages/train-head-train.1")).unwrap();
    assert!(page.contains("checkpoint\\-every"), "{page}");
}
