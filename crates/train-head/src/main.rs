//! The program `train-head`.

#[global_allocator]
static ALLOCATOR: train_head::EndingAllocator = train_head::EndingAllocator;

fn main() -> std::process::ExitCode {
    train_head::main()
}
