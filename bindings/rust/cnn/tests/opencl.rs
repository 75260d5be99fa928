//! The host's own OpenCL, lent to libcnn. Passes with a word where the machine has none.
#![cfg(target_os = "linux")]

mod common;

use std::ffi::CString;
use std::mem::transmute_copy;
use std::os::raw::{c_char, c_int, c_void};
use std::ptr;

use cnn::{Compile, Device, DeviceOptions, ElementType, OpenCl, RunOptions, Status, View, ViewMut};
use common::{compiled, picture_net, Pictures};

extern "C" {
    fn dlopen(path: *const c_char, mode: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

type Handle = *mut c_void;

/// A context, a queue and what the test needs of OpenCL.
struct Host {
    library: Handle,
    context: Handle,
    device: Handle,
    queue: Handle,
}

impl Host {
    /// # Safety
    /// F must be the function's type.
    unsafe fn function<F>(library: Handle, name: &str) -> F {
        let name = CString::new(name).unwrap();
        let found = dlsym(library, name.as_ptr());
        assert!(!found.is_null(), "{:?}", name);
        transmute_copy(&found)
    }

    fn new() -> Option<Host> {
        type GetIds = unsafe extern "C" fn(u32, *mut Handle, *mut u32) -> i32;
        type GetDevices = unsafe extern "C" fn(Handle, u64, u32, *mut Handle, *mut u32) -> i32;
        type CreateContext = unsafe extern "C" fn(
            *const isize,
            u32,
            *const Handle,
            Handle,
            Handle,
            *mut i32,
        ) -> Handle;
        type CreateQueue = unsafe extern "C" fn(Handle, Handle, u64, *mut i32) -> Handle;
        const ALL: u64 = 0xFFFF_FFFF;
        // SAFETY: the types are those of OpenCL's header.
        unsafe {
            let library = dlopen(b"libOpenCL.so.1\0".as_ptr().cast(), 2);
            if library.is_null() {
                return None;
            }
            let (mut platform, mut device, mut status) = (ptr::null_mut(), ptr::null_mut(), 0);
            let platforms: GetIds = Host::function(library, "clGetPlatformIDs");
            let devices: GetDevices = Host::function(library, "clGetDeviceIDs");
            if platforms(1, &mut platform, ptr::null_mut()) != 0
                || devices(platform, ALL, 1, &mut device, ptr::null_mut()) != 0
            {
                return None;
            }
            let create: CreateContext = Host::function(library, "clCreateContext");
            let none = ptr::null_mut();
            let context = create(ptr::null(), 1, &device, none, none, &mut status);
            assert_eq!(status, 0);
            let create: CreateQueue = Host::function(library, "clCreateCommandQueue");
            let queue = create(context, device, 0, &mut status);
            assert_eq!(status, 0);
            Some(Host { library, context, device, queue })
        }
    }

    fn buffer(&self, bytes: usize) -> Handle {
        type Create = unsafe extern "C" fn(Handle, u64, usize, Handle, *mut i32) -> Handle;
        let mut status = 0;
        // SAFETY: the type is that of OpenCL's header.
        let buffer = unsafe {
            let create: Create = Host::function(self.library, "clCreateBuffer");
            create(self.context, 1, bytes, ptr::null_mut(), &mut status)
        };
        assert_eq!(status, 0);
        buffer
    }

    fn transfer(&self, name: &str, buffer: Handle, offset: usize, bytes: usize, data: Handle) {
        type Enqueue = unsafe extern "C" fn(
            Handle,
            Handle,
            u32,
            usize,
            usize,
            Handle,
            u32,
            *const Handle,
            *mut Handle,
        ) -> i32;
        let (none, nothing) = (ptr::null(), ptr::null_mut());
        // SAFETY: the type is that of OpenCL's header; the data has so many bytes.
        let status = unsafe {
            let enqueue: Enqueue = Host::function(self.library, name);
            enqueue(self.queue, buffer, 1, offset, bytes, data, 0, none, nothing)
        };
        assert_eq!(status, 0);
    }
}

#[test]
fn the_host_s_buffers() {
    let host = match Host::new() {
        Some(host) => host,
        None => return eprintln!("skipped: there is no OpenCL device"),
    };
    let lent = OpenCl { context: host.context, device: host.device, queue: host.queue };
    // SAFETY: all of it lives as long as the process.
    let device = unsafe { Device::open_opencl(lent, DeviceOptions::default()).unwrap() };
    let pictures = Pictures::new(4);
    let mut wanted = [0.0; 8];
    compiled(picture_net(), 4).run(&pictures.images, &mut wanted).unwrap();

    let mut net = picture_net();
    net.compile(&device, Compile { max_batch: 4, ..Default::default() }).unwrap();
    let (input, output) = (host.buffer(16 + 256), host.buffer(32));
    let bytes = pictures.images.as_ptr() as Handle;
    host.transfer("clEnqueueWriteBuffer", input, 16, 256, bytes);
    // SAFETY: the buffers live as long as the process, and the queue orders their uses.
    let views = unsafe {
        (View::of_memory(input, 16, 256, ElementType::U8), ViewMut::of_memory(output, 0, 8))
    };
    net.run_many(&[views.0], &mut [views.1], RunOptions::default()).unwrap();
    let mut got = [0.0_f32; 8];
    host.transfer("clEnqueueReadBuffer", output, 0, 32, got.as_mut_ptr().cast());
    for (a, b) in got.iter().zip(&wanted) {
        assert!((a - b).abs() <= 1e-4 * b.abs().max(1.0), "{:?} {:?}", got, wanted);
    }
    // Another device doesn't take them.
    let mut y = [0.0; 8];
    let error = compiled(picture_net(), 4).run(views.0, &mut y).unwrap_err();
    assert!(!error.message().is_empty());
}

#[test]
fn nothing_lent_is_refused() {
    let none = ptr::null_mut();
    let lent = OpenCl { context: none, device: none, queue: none };
    // SAFETY: null pointers are told as such.
    let error = unsafe { Device::open_opencl(lent, DeviceOptions::default()).unwrap_err() };
    assert!(matches!(
        error.status(),
        Status::InvalidArgument | Status::Unsupported | Status::NotFound
    ));
}
