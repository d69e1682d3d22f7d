//! The program `train-head`.

fn main() -> std::process::ExitCode {
    train_head::main()
}
