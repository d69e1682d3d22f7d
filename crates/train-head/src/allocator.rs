//! The end of the memory. Where the system refuses memory that nobody can do without, Rust aborts. Here the process says what happened,
//! removes its unfinished files, and ends with exit code 1.

#![expect(
    unsafe_code,
    reason = "an allocator is unsafe by its trait; this one hands every request to the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::exit::Failure;
use crate::{console, interrupt, progress};

/// The system's allocator, for a program that ends in order when memory does.
#[derive(Debug)]
pub struct EndingAllocator;

/// Memory for the last words.
const RESERVE: usize = 1 << 20;
static RESERVED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

static ENDED: AtomicBool = AtomicBool::new(false);
thread_local! {
    /// Whether this is the thread that ends the process.
    static ENDS: Cell<bool> = const { Cell::new(false) };
}

/// Sets memory aside for the last words.
pub(crate) fn reserve() {
    if let Ok(mut reserved) = RESERVED.lock() {
        *reserved = vec![1; RESERVE];
    }
}

// SAFETY: every request goes to the system's allocator as it came, and so do its answers. A refusal is not answered at all.
unsafe impl GlobalAlloc for EndingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        given(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        given(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; `memory` came from the system's allocator.
        given(unsafe { System.realloc(memory, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn given(memory: *mut u8, size: usize) -> *mut u8 {
    if memory.is_null() {
        end(size);
    }
    memory
}

/// Ends the process, since `size` bytes were refused.
#[cold]
fn end(size: usize) -> ! {
    if ENDED.swap(true, Ordering::SeqCst) {
        if ENDS.get() {
            // not even the last words find room
            std::process::exit(1);
        }
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
    ENDS.set(true);
    if let Ok(mut reserved) = RESERVED.try_lock() {
        *reserved = Vec::new();
    }
    interrupt::remove_unfinished();
    let failure = Failure::out_of_memory(format!(
        "the memory is used up: the system refused {}",
        progress::bytes(size as u64)
    ));
    // threads that wait here may hold the locks of the standard streams, so these are written to without
    let words = console::words(&failure);
    let write = |to: std::io::Result<std::os::fd::OwnedFd>, text: &str| {
        let _ = to.and_then(|to| File::from(to).write_all(text.as_bytes()));
    };
    write(std::io::stderr().as_fd().try_clone_to_owned(), &words);
    if console::asks_for_json() {
        write(std::io::stdout().as_fd().try_clone_to_owned(), &format!("{}\n", failure.json()));
    }
    std::process::exit(i32::from(failure.kind().code()))
}
