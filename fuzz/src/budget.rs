//! An allocator that refuses more memory than any honest small file needs: a count that a file promises and nobody checks ends the
//! process here, as it would on a small machine. Reserving fallibly is fine.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Most bytes that live at once. The readers may ask for 64 MiB of metadata because a header says so.
pub const BYTES: usize = 512 << 20;

static LIVE: AtomicUsize = AtomicUsize::new(0);

struct Budget;

// SAFETY: every request is passed on to the system's allocator as it came, or refused with a null pointer, which the trait allows.
unsafe impl GlobalAlloc for Budget {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is that of `System`.
        grant(layout.size(), || unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        grant(layout.size(), || unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        let grown = grant(size, || unsafe { System.realloc(pointer, layout, size) });
        if !grown.is_null() {
            LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        }
        grown
    }
}

fn grant(size: usize, allocate: impl FnOnce() -> *mut u8) -> *mut u8 {
    if LIVE.load(Ordering::Relaxed).saturating_add(size) > BYTES {
        return std::ptr::null_mut();
    }
    let pointer = allocate();
    if !pointer.is_null() {
        LIVE.fetch_add(size, Ordering::Relaxed);
    }
    pointer
}

#[global_allocator]
static ALLOCATOR: Budget = Budget;
