// Generated from include/cnn/cnn.h by bindings/rust/generate.sh: not to be edited.
pub const CNN_VERSION_MAJOR: i32 = 0;
pub const CNN_VERSION_MINOR: i32 = 1;
pub const CNN_VERSION_PATCH: i32 = 0;
extern "C" {
    #[doc = " The version of the library that is running: major * 1000000 + minor * 1000 + patch."]
    #[doc = "  Compare with the macros above, which tell what the caller was compiled against. Any thread."]
    pub fn cnn_version() -> u32;
}
extern "C" {
    #[doc = " The same as text, \"0.1.0\"; a static string. Any thread."]
    pub fn cnn_version_string() -> *const std::os::raw::c_char;
}
#[doc = " What a call came to. Values never change their meaning; new ones may be added."]
pub type cnn_status = i32;
pub const CNN_OK: i32 = 0;
#[doc = " a NULL, a wrong enum value, a contradiction between fields"]
pub const CNN_INVALID_ARGUMENT: i32 = 1;
#[doc = " the allocator, or a device, had no more"]
pub const CNN_OUT_OF_MEMORY: i32 = 2;
#[doc = " no device, tensor, key or node of that name"]
pub const CNN_NOT_FOUND: i32 = 3;
#[doc = " shapes or element counts that don't fit"]
pub const CNN_SHAPE_MISMATCH: i32 = 4;
#[doc = " well-formed, but this backend or version can't do it"]
pub const CNN_UNSUPPORTED: i32 = 5;
#[doc = " a call out of order: not compiled, compiled for inference only"]
pub const CNN_BAD_STATE: i32 = 6;
#[doc = " from within a callback, or while a run is in progress"]
pub const CNN_BUSY: i32 = 7;
#[doc = " a callback or cnn_net_cancel asked to stop"]
pub const CNN_CANCELLED: i32 = 8;
#[doc = " the file system, a reader or a writer failed"]
pub const CNN_IO_ERROR: i32 = 9;
#[doc = " a damaged or hostile file"]
pub const CNN_BAD_FILE: i32 = 10;
#[doc = " a loss or gradient became NaN or infinite"]
pub const CNN_NOT_FINITE: i32 = 11;
#[doc = " the device's driver failed"]
pub const CNN_DEVICE_ERROR: i32 = 12;
#[doc = " a memory limit, or more samples than compiled for"]
pub const CNN_LIMIT_EXCEEDED: i32 = 13;
#[doc = " a label, index, key or error outside its bounds"]
pub const CNN_OUT_OF_RANGE: i32 = 14;
#[doc = " a defect of libcnn: please report the message"]
pub const CNN_INTERNAL: i32 = 15;
#[doc = " made by, or meant for, a newer version of libcnn"]
pub const CNN_INCOMPATIBLE: i32 = 16;
extern "C" {
    #[doc = " The name of a status, \"CNN_SHAPE_MISMATCH\"; \"CNN_UNKNOWN\" for a value this version doesn't know."]
    #[doc = "  A static string. Any thread."]
    pub fn cnn_status_name(status: cnn_status) -> *const std::os::raw::c_char;
}
#[doc = " Index of a node in its net, from 0 in the order of adding; negative: minus the status of the"]
#[doc = "  mistake that kept it from being added."]
pub type cnn_node = i32;
#[doc = " What went wrong. The caller owns it; a call writes it only when it fails."]
#[repr(C)]
pub struct cnn_error {
    pub status: cnn_status,
    #[doc = " the node concerned, or -1"]
    pub node: cnn_node,
    #[doc = " operation, object, the value it got, the constraint it broke"]
    pub message: [std::os::raw::c_char; 504usize],
}
#[test]
fn bindgen_test_layout_cnn_error() {
    assert_eq!(
        ::std::mem::size_of::<cnn_error>(),
        512usize,
        concat!("Size of: ", stringify!(cnn_error))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_error>(),
        4usize,
        concat!("Alignment of ", stringify!(cnn_error))
    );
    fn test_field_status() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_error>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).status) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_error),
                "::",
                stringify!(status)
            )
        );
    }
    test_field_status();
    fn test_field_node() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_error>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).node) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_error),
                "::",
                stringify!(node)
            )
        );
    }
    test_field_node();
    fn test_field_message() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_error>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).message) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_error),
                "::",
                stringify!(message)
            )
        );
    }
    test_field_message();
}
impl Default for cnn_error {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " Serves every tensor, arena, workspace and packed weight of a device. Both functions or neither"]
#[doc = "  (the default: mimalloc where it was built in or is installed, else the C library's). Called from"]
#[doc = "  any thread, also at once. operator new serves the rest: the graph's and files' objects, a net's"]
#[doc = "  parameters until it is compiled, the order of samples, and what optimizers of whole problems"]
#[doc = "  keep on the host in double."]
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct cnn_allocator {
    pub user: *mut std::os::raw::c_void,
    #[doc = " Returns size bytes aligned to align (a power of two, at most 4096), or NULL."]
    pub alloc: ::std::option::Option<
        unsafe extern "C" fn(
            user: *mut std::os::raw::c_void,
            size: usize,
            align: usize,
        ) -> *mut std::os::raw::c_void,
    >,
    #[doc = " Gets back what alloc returned, with the same size and align."]
    pub free: ::std::option::Option<
        unsafe extern "C" fn(
            user: *mut std::os::raw::c_void,
            pointer: *mut std::os::raw::c_void,
            size: usize,
            align: usize,
        ),
    >,
}
#[test]
fn bindgen_test_layout_cnn_allocator() {
    assert_eq!(
        ::std::mem::size_of::<cnn_allocator>(),
        24usize,
        concat!("Size of: ", stringify!(cnn_allocator))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_allocator>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_allocator))
    );
    fn test_field_user() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_allocator>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).user) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_allocator),
                "::",
                stringify!(user)
            )
        );
    }
    test_field_user();
    fn test_field_alloc() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_allocator>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).alloc) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_allocator),
                "::",
                stringify!(alloc)
            )
        );
    }
    test_field_alloc();
    fn test_field_free() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_allocator>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).free) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_allocator),
                "::",
                stringify!(free)
            )
        );
    }
    test_field_free();
}
impl Default for cnn_allocator {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
pub type cnn_log_level = i32;
pub const CNN_LOG_SILENT: i32 = 0;
pub const CNN_LOG_ERROR: i32 = 1;
pub const CNN_LOG_WARNING: i32 = 2;
pub const CNN_LOG_INFO: i32 = 3;
pub const CNN_LOG_DEBUG: i32 = 4;
#[doc = " Receives what the library has to tell; nothing is ever printed. Called from any thread."]
#[repr(C)]
pub struct cnn_log {
    pub user: *mut std::os::raw::c_void,
    pub write: ::std::option::Option<
        unsafe extern "C" fn(
            user: *mut std::os::raw::c_void,
            level: cnn_log_level,
            message: *const std::os::raw::c_char,
        ),
    >,
    #[doc = " the most detailed level wanted; 0: silent"]
    pub level: cnn_log_level,
    pub reserved: i32,
}
#[test]
fn bindgen_test_layout_cnn_log() {
    assert_eq!(
        ::std::mem::size_of::<cnn_log>(),
        24usize,
        concat!("Size of: ", stringify!(cnn_log))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_log>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_log))
    );
    fn test_field_user() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_log>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).user) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_log),
                "::",
                stringify!(user)
            )
        );
    }
    test_field_user();
    fn test_field_write() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_log>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).write) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_log),
                "::",
                stringify!(write)
            )
        );
    }
    test_field_write();
    fn test_field_level() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_log>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).level) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_log),
                "::",
                stringify!(level)
            )
        );
    }
    test_field_level();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_log>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_log),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_log {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " Gives up to `bytes` bytes of a file; *got is what it gave, 0 at the end. Non-zero: failure."]
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct cnn_reader {
    pub user: *mut std::os::raw::c_void,
    pub read: ::std::option::Option<
        unsafe extern "C" fn(
            user: *mut std::os::raw::c_void,
            buffer: *mut std::os::raw::c_void,
            bytes: usize,
            got: *mut usize,
        ) -> i32,
    >,
}
#[test]
fn bindgen_test_layout_cnn_reader() {
    assert_eq!(
        ::std::mem::size_of::<cnn_reader>(),
        16usize,
        concat!("Size of: ", stringify!(cnn_reader))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_reader>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_reader))
    );
    fn test_field_user() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_reader>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).user) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_reader),
                "::",
                stringify!(user)
            )
        );
    }
    test_field_user();
    fn test_field_read() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_reader>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).read) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_reader),
                "::",
                stringify!(read)
            )
        );
    }
    test_field_read();
}
impl Default for cnn_reader {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " Takes all of `bytes` bytes. Non-zero: failure, reported as CNN_IO_ERROR."]
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct cnn_writer {
    pub user: *mut std::os::raw::c_void,
    pub write: ::std::option::Option<
        unsafe extern "C" fn(
            user: *mut std::os::raw::c_void,
            data: *const std::os::raw::c_void,
            bytes: usize,
        ) -> i32,
    >,
}
#[test]
fn bindgen_test_layout_cnn_writer() {
    assert_eq!(
        ::std::mem::size_of::<cnn_writer>(),
        16usize,
        concat!("Size of: ", stringify!(cnn_writer))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_writer>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_writer))
    );
    fn test_field_user() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_writer>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).user) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_writer),
                "::",
                stringify!(user)
            )
        );
    }
    test_field_user();
    fn test_field_write() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_writer>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).write) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_writer),
                "::",
                stringify!(write)
            )
        );
    }
    test_field_write();
}
impl Default for cnn_writer {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct cnn_device {
    _unused: [u8; 0],
}
pub type cnn_device_kind = i32;
pub const CNN_DEVICE_CPU: i32 = 1;
pub const CNN_DEVICE_GPU: i32 = 2;
pub const CNN_DEVICE_OTHER: i32 = 3;
#[doc = " Out: a device that can be opened, or one that is open."]
#[repr(C)]
pub struct cnn_device_info {
    #[doc = " what cnn_device_open takes: \"cpu\", \"opencl:0.0\""]
    pub spec: [std::os::raw::c_char; 64usize],
    #[doc = " \"cpu\", \"opencl\" or \"reference\""]
    pub backend: [std::os::raw::c_char; 32usize],
    #[doc = " of the hardware, as the driver tells it"]
    pub name: [std::os::raw::c_char; 128usize],
    pub vendor: [std::os::raw::c_char; 128usize],
    #[doc = " driver and its version; for the CPU the instruction set in use"]
    pub driver: [std::os::raw::c_char; 128usize],
    pub kind: cnn_device_kind,
    pub compute_units: i32,
    #[doc = " bytes, 0 where unknown"]
    pub memory: i64,
    #[doc = " bytes held for libcnn now; 0 for a device that isn't open"]
    pub memory_used: i64,
    #[doc = " the most it held"]
    pub memory_peak: i64,
    pub reserved: [i64; 13usize],
}
#[test]
fn bindgen_test_layout_cnn_device_info() {
    assert_eq!(
        ::std::mem::size_of::<cnn_device_info>(),
        616usize,
        concat!("Size of: ", stringify!(cnn_device_info))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_device_info>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_device_info))
    );
    fn test_field_spec() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).spec) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_info),
                "::",
                stringify!(spec)
            )
        );
    }
    test_field_spec();
    fn test_field_backend() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).backend) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_info),
                "::",
                stringify!(backend)
            )
        );
    }
    test_field_backend();
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            96usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_info),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_vendor() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).vendor) as usize - ptr as usize
            },
            224usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_info),
                "::",
                stringify!(vendor)
            )
        );
    }
    test_field_vendor();
    fn test_field_driver() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).driver) as usize - ptr as usize
            },
            352usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_info),
                "::",
                stringify!(driver)
            )
        );
    }
    test_field_driver();
    fn test_field_kind() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kind) as usize - ptr as usize
            },
            480usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_info),
                "::",
                stringify!(kind)
            )
        );
    }
    test_field_kind();
    fn test_field_compute_units() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).compute_units) as usize - ptr as usize
            },
            484usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_info),
                "::",
                stringify!(compute_units)
            )
        );
    }
    test_field_compute_units();
    fn test_field_memory() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).memory) as usize - ptr as usize
            },
            488usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_info),
                "::",
                stringify!(memory)
            )
        );
    }
    test_field_memory();
    fn test_field_memory_used() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).memory_used) as usize - ptr as usize
            },
            496usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_info),
                "::",
                stringify!(memory_used)
            )
        );
    }
    test_field_memory_used();
    fn test_field_memory_peak() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).memory_peak) as usize - ptr as usize
            },
            504usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_info),
                "::",
                stringify!(memory_peak)
            )
        );
    }
    test_field_memory_peak();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            512usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_info),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_device_info {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " How a device is opened."]
#[repr(C)]
pub struct cnn_device_options {
    #[doc = " For built programs, which are written when the device is released, and for what tuning"]
    #[doc = "  finds; NULL: nothing is written."]
    pub cache_directory: *const std::os::raw::c_char,
    #[doc = " must live until `released`"]
    pub allocator: cnn_allocator,
    #[doc = " must live until `released`"]
    pub log: cnn_log,
    #[doc = " Called once, when the last child of the device is gone; nothing lent is used after it."]
    pub released: ::std::option::Option<unsafe extern "C" fn(user: *mut std::os::raw::c_void)>,
    pub released_user: *mut std::os::raw::c_void,
    #[doc = " Bytes the device may hold at once, OpenCL buffers included, 0: no limit. Training makes do"]
    #[doc = "  with less where it can (cnn_compile.memory_limit). A call that needs more fails with"]
    #[doc = "  CNN_LIMIT_EXCEEDED, tells what it needs, and leaves all as it was."]
    pub memory_limit: i64,
    #[doc = " threads that compute, the caller's included; 0: one per core"]
    pub threads: i32,
    pub reserved32: i32,
    #[doc = " The host's own threads in place of the CPU backend's, which then starts none: calls"]
    #[doc = "  task(context, i) once for each i of [0, count), on any threads, at once or one after the"]
    #[doc = "  other in any order, and returns when all have returned. count is at most `threads`. Called"]
    #[doc = "  by the thread that computes, so by several at once where several nets run; with threads 1"]
    #[doc = "  not at all. The same bits whoever runs the tasks. Must live until `released`."]
    pub parallel_for: ::std::option::Option<
        unsafe extern "C" fn(
            user: *mut std::os::raw::c_void,
            count: i32,
            task: ::std::option::Option<
                unsafe extern "C" fn(context: *mut std::os::raw::c_void, index: i32),
            >,
            context: *mut std::os::raw::c_void,
        ),
    >,
    pub parallel_for_user: *mut std::os::raw::c_void,
    pub reserved: [i64; 10usize],
}
#[test]
fn bindgen_test_layout_cnn_device_options() {
    assert_eq!(
        ::std::mem::size_of::<cnn_device_options>(),
        184usize,
        concat!("Size of: ", stringify!(cnn_device_options))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_device_options>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_device_options))
    );
    fn test_field_cache_directory() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).cache_directory) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_options),
                "::",
                stringify!(cache_directory)
            )
        );
    }
    test_field_cache_directory();
    fn test_field_allocator() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).allocator) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_options),
                "::",
                stringify!(allocator)
            )
        );
    }
    test_field_allocator();
    fn test_field_log() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).log) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_options),
                "::",
                stringify!(log)
            )
        );
    }
    test_field_log();
    fn test_field_released() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).released) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_options),
                "::",
                stringify!(released)
            )
        );
    }
    test_field_released();
    fn test_field_released_user() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).released_user) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_options),
                "::",
                stringify!(released_user)
            )
        );
    }
    test_field_released_user();
    fn test_field_memory_limit() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).memory_limit) as usize - ptr as usize
            },
            72usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_options),
                "::",
                stringify!(memory_limit)
            )
        );
    }
    test_field_memory_limit();
    fn test_field_threads() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).threads) as usize - ptr as usize
            },
            80usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_options),
                "::",
                stringify!(threads)
            )
        );
    }
    test_field_threads();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            84usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_options),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_parallel_for() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).parallel_for) as usize - ptr as usize
            },
            88usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_options),
                "::",
                stringify!(parallel_for)
            )
        );
    }
    test_field_parallel_for();
    fn test_field_parallel_for_user() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).parallel_for_user) as usize - ptr as usize
            },
            96usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_options),
                "::",
                stringify!(parallel_for_user)
            )
        );
    }
    test_field_parallel_for_user();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_device_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            104usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_device_options),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_device_options {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " How many devices cnn_device_describe knows: the CPU, and every OpenCL device of every driver."]
    #[doc = "  Opens libOpenCL if it is there; without it the count is 1. Negative: minus the status."]
    pub fn cnn_device_count(error: *mut cnn_error) -> i32;
}
extern "C" {
    #[doc = " Describes device `index` of cnn_device_count. CNN_OUT_OF_RANGE beyond it. Any thread."]
    pub fn cnn_device_describe(
        index: i32,
        info: *mut cnn_device_info,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Opens a device. `spec` is one of"]
    #[doc = "   \"auto\"       the first OpenCL GPU that passes a short trial (a kernel is built and run), else"]
    #[doc = "                the CPU; never an OpenCL device of type CPU"]
    #[doc = "   \"cpu\"        the native CPU backend; never loads OpenCL"]
    #[doc = "   \"cpu:baseline\", \"cpu:avx2\", \"cpu:avx512\"  the same with no more than that instruction set"]
    #[doc = "   \"opencl\"     the first OpenCL device, GPUs first"]
    #[doc = "   \"opencl:gpu\", \"opencl:cpu\"  the first of that type"]
    #[doc = "   \"opencl:<platform>.<device>\"  by index, as cnn_device_describe lists them"]
    #[doc = "   \"reference\"  the plain float64 reference of every operation: slow, for checking the others"]
    #[doc = "  NULL is \"auto\". *device is untouched on failure. CNN_NOT_FOUND lists what was found;"]
    #[doc = "  CNN_DEVICE_ERROR when a driver fails. Any thread."]
    pub fn cnn_device_open(
        spec: *const std::os::raw::c_char,
        options: *const cnn_device_options,
        device: *mut *mut cnn_device,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[doc = " What the host lends of its OpenCL, as cl_context, cl_device_id and cl_command_queue, made with"]
#[doc = "  the system's OpenCL library. Never changed and never released by libcnn, which uses it until"]
#[doc = "  `released` of the device's options is called."]
#[repr(C)]
pub struct cnn_opencl {
    pub context: *mut std::os::raw::c_void,
    #[doc = " one of the context's"]
    pub device: *mut std::os::raw::c_void,
    #[doc = " of both, in order; NULL: libcnn makes queues of its own, one a net"]
    pub queue: *mut std::os::raw::c_void,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_opencl() {
    assert_eq!(
        ::std::mem::size_of::<cnn_opencl>(),
        88usize,
        concat!("Size of: ", stringify!(cnn_opencl))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_opencl>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_opencl))
    );
    fn test_field_context() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_opencl>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).context) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_opencl),
                "::",
                stringify!(context)
            )
        );
    }
    test_field_context();
    fn test_field_device() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_opencl>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).device) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_opencl),
                "::",
                stringify!(device)
            )
        );
    }
    test_field_device();
    fn test_field_queue() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_opencl>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).queue) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_opencl),
                "::",
                stringify!(queue)
            )
        );
    }
    test_field_queue();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_opencl>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_opencl),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_opencl {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " Opens a device on the host's own OpenCL, so that `memory` of a cnn_view may be the host's"]
    #[doc = "  buffers. cnn_device_info.spec is the one that cnn_device_open has for that device, or"]
    #[doc = "  \"opencl:lent\" (a sub-device). The kernels are chosen by the device's type, also PoCL's CPU."]
    #[doc = ""]
    #[doc = "  With a queue everything runs on it, between what the host enqueues before and after the call: a"]
    #[doc = "  run of which all outputs are `memory` returns when its commands are enqueued and waits for"]
    #[doc = "  nothing; neither does backward whose input_gradients are all `memory`, nor train_step and"]
    #[doc = "  loss_gradient without `loss`. Nothing is flushed: the host does that, or waits, as for commands"]
    #[doc = "  of its own. Errors that such commands turn out to have later are the host's to see. Every other"]
    #[doc = "  call that gives a value back, compiling, and destroying a net or optimizer wait for all that is"]
    #[doc = "  in the queue, the host's commands included, so none of these may depend on what the calling"]
    #[doc = "  thread does next. Several nets may run on the queue, also from several threads at once: each"]
    #[doc = "  enqueues its commands one by one, with kernels and memory of its own."]
    #[doc = "  Without a queue calls wait for what they do; the host sees to it that its commands that write an"]
    #[doc = "  input are done before the call (clFinish, or clWaitForEvents)."]
    #[doc = ""]
    #[doc = "  OpenGL or Vulkan's memory: the host makes the context with the properties of cl_khr_gl_sharing"]
    #[doc = "  (or imports memory by cl_khr_external_memory), gets a cl_mem by clCreateFromGLBuffer (or"]
    #[doc = "  clCreateBufferWithProperties), and encloses the call with clEnqueueAcquireGLObjects and"]
    #[doc = "  clEnqueueReleaseGLObjects (or ...ExternalMemObjectsKHR) on the queue lent here. Images have to"]
    #[doc = " be copied to a buffer (clEnqueueCopyImageToBuffer)."]
    #[doc = ""]
    #[doc = "  CNN_INVALID_ARGUMENT: a NULL, a device that isn't the context's, a queue of others."]
    #[doc = "  CNN_UNSUPPORTED: a queue out of order, OpenCL before 1.2, a libcnn built without OpenCL."]
    #[doc = "  CNN_NOT_FOUND: no OpenCL library. Any thread."]
    pub fn cnn_device_open_opencl(
        lent: *const cnn_opencl,
        options: *const cnn_device_options,
        device: *mut *mut cnn_device,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Describes an open device, with what it holds now. Any thread."]
    pub fn cnn_device_get_info(
        device: *const cnn_device,
        info: *mut cnn_device_info,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Ends the handle. Nets compiled on the device keep what they need."]
    pub fn cnn_device_destroy(device: *mut cnn_device);
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct cnn_net {
    _unused: [u8; 0],
}
#[repr(C)]
pub struct cnn_net_options {
    #[doc = " kept in files and the summary; default \"net\""]
    pub name: *const std::os::raw::c_char,
    #[doc = " of initial weights and dropout; 0 is a fixed stream like any other"]
    pub seed: u64,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_net_options() {
    assert_eq!(
        ::std::mem::size_of::<cnn_net_options>(),
        80usize,
        concat!("Size of: ", stringify!(cnn_net_options))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_net_options>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_net_options))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_net_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_net_options),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_seed() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_net_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seed) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_net_options),
                "::",
                stringify!(seed)
            )
        );
    }
    test_field_seed();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_net_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_net_options),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_net_options {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " Makes an empty net. NULL only for want of memory or a non-zero reserved field."]
    pub fn cnn_net_create(options: *const cnn_net_options) -> *mut cnn_net;
}
extern "C" {
    pub fn cnn_net_destroy(net: *mut cnn_net);
}
#[doc = " y = f(x) of each element. From CNN_GELU on backward is computed from x, which is then kept"]
#[doc = " beside y."]
pub type cnn_activation_kind = i32;
#[doc = " x (Hedberg 24, table 3)"]
pub const CNN_LINEAR: i32 = 0;
#[doc = " max(x, 0); derivative 0 at 0 (Lin, after eq. 3)"]
pub const CNN_RELU: i32 = 1;
#[doc = " x for x > 0, else slope * x"]
pub const CNN_LEAKY_RELU: i32 = 2;
#[doc = " 1 / (1 + exp(-x)) (Hedberg table 3; Delmas, \"Logistic regression\", 2nd paragraph; worked"]
#[doc = "  gradients' sigma)"]
pub const CNN_SIGMOID: i32 = 3;
#[doc = " tanh(x) (Hedberg, before 33, of hidden layers)"]
pub const CNN_TANH: i32 = 4;
#[doc = " 1.7159 tanh(2 x / 3) (LeCun et al. 1998)"]
pub const CNN_SCALED_TANH: i32 = 5;
#[doc = " x for x > 0, else alpha (exp(x) - 1), alpha being the slope field, whose default is 1 here"]
#[doc = "  (Clevert, Unterthiner, Hochreiter 2016)"]
pub const CNN_ELU: i32 = 6;
#[doc = " x (1 + erf(x / sqrt(2))) / 2, exact, not its approximations (Hendrycks, Gimpel 2016)"]
pub const CNN_GELU: i32 = 7;
#[doc = " x / (1 + exp(-x))"]
pub const CNN_SILU: i32 = 8;
#[doc = " (|x| + x + 1) / (2 |x| + 2); derivative 1 / (2 (1 + |x|)^2) (Delmas,"]
#[doc = "  \"Logistic regression\", 2nd paragraph)"]
pub const CNN_SOFT_LOGISTIC: i32 = 9;
#[doc = " x / (1 + |x|), twice the soft logistic less 1"]
pub const CNN_SOFTSIGN: i32 = 10;
#[doc = " x / sqrt(x^2 + 1)"]
pub const CNN_ALGEBRAIC: i32 = 11;
#[doc = " How a weight starts; fan_in and fan_out count the inputs and outputs of one unit."]
pub type cnn_initializer = i32;
#[doc = " He for ReLU, leaky ReLU, ELU, GELU, SiLU, else Xavier"]
pub const CNN_INIT_DEFAULT: i32 = 0;
#[doc = " normal, standard deviation scale * sqrt(2 / fan_in)"]
pub const CNN_INIT_HE: i32 = 1;
#[doc = " uniform in +- scale * sqrt(6 / (fan_in + fan_out))"]
pub const CNN_INIT_XAVIER: i32 = 2;
#[doc = " uniform in +- scale"]
pub const CNN_INIT_UNIFORM: i32 = 3;
#[doc = " normal, standard deviation scale"]
pub const CNN_INIT_NORMAL: i32 = 4;
#[doc = " scale itself"]
pub const CNN_INIT_CONSTANT: i32 = 5;
pub type cnn_padding = i32;
#[doc = " as the padding field says, by default none"]
pub const CNN_EXPLICIT: i32 = 0;
#[doc = " output ceil(input / stride); the odd one goes below and right"]
pub const CNN_SAME: i32 = 1;
extern "C" {
    #[doc = " Adds an input of `rank` 1 to 3 sizes, the batch left out: {features}, {C, L} or {C, H, W}."]
    #[doc = "  name NULL: \"input_1\". Several inputs are fed in the order they were added."]
    pub fn cnn_net_input(
        net: *mut cnn_net,
        name: *const std::os::raw::c_char,
        rank: i32,
        shape: *const i64,
    ) -> cnn_node;
}
#[doc = " Which input maps each output map takes: D of Hedberg's table 1."]
pub type cnn_connection_kind = i32;
#[doc = " every one"]
pub const CNN_CONNECT_FULL: i32 = 0;
#[doc = " map i takes map i alone: as many filters as channels (depthwise)"]
pub const CNN_CONNECT_SINGLE: i32 = 1;
#[doc = " fan_in different ones, drawn by seed"]
pub const CNN_CONNECT_RANDOM: i32 = 2;
#[doc = " those of `pairs`"]
pub const CNN_CONNECT_CUSTOM: i32 = 3;
#[doc = " A table of connections between the channels of an input and the filters of a layer; all of it is"]
#[doc = "  copied. Each connection has a kernel of its own, w_ij, unless shared_kernel is set. Where filter"]
#[doc = "  j draws its inputs they are the fan_in first of the order that Philox 4x32-10 gives under the"]
#[doc = "  key `seed` and stream j (Fisher and Yates' shuffle), ascending."]
#[doc = ""]
#[doc = "  The weights are the kernels one after the other, none for what doesn't connect: [kernels, h, w],"]
#[doc = "  or flat when their sizes differ. Kernels are ordered by filter, then by input; those of"]
#[doc = "  CNN_CONNECT_CUSTOM as `pairs` are; shared ones by filter. Initial weights go by the inputs that"]
#[doc = "  a filter really has, and by the mean number of outputs of an input."]
#[repr(C)]
pub struct cnn_connections {
    pub kind: cnn_connection_kind,
    #[doc = " one kernel w_j a filter, on the sum of its inputs (Hedberg rem. 2)"]
    pub shared_kernel: i32,
    #[doc = " of CNN_CONNECT_RANDOM: 1 to the channels; else 0"]
    pub fan_in: i64,
    pub seed: u64,
    #[doc = " Of CNN_CONNECT_CUSTOM: input and output map of each connection, from 0; pair_count of these"]
    #[doc = "  pairs, none twice, at least one for each filter. Else NULL and 0."]
    pub pairs: *const i32,
    pub pair_count: i64,
    #[doc = " Height and width of each kernel, for kernels of mixed sizes (Hedberg rem. 3), else NULL and"]
    #[doc = "  0. All are anchored top-left, as if the smaller ones had zeros below and right: the largest"]
    #[doc = "  height and width are the layer's `kernel`, which may be 0 here, and fix the output's size."]
    pub kernel_sizes: *const i64,
    #[doc = " pairs of them: one a kernel, or with ..."]
    pub kernel_size_count: i64,
    #[doc = " ... this one a filter, for all its kernels"]
    pub kernel_sizes_by_map: i32,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_connections() {
    assert_eq!(
        ::std::mem::size_of::<cnn_connections>(),
        128usize,
        concat!("Size of: ", stringify!(cnn_connections))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_connections>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_connections))
    );
    fn test_field_kind() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_connections>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kind) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_connections),
                "::",
                stringify!(kind)
            )
        );
    }
    test_field_kind();
    fn test_field_shared_kernel() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_connections>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).shared_kernel) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_connections),
                "::",
                stringify!(shared_kernel)
            )
        );
    }
    test_field_shared_kernel();
    fn test_field_fan_in() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_connections>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).fan_in) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_connections),
                "::",
                stringify!(fan_in)
            )
        );
    }
    test_field_fan_in();
    fn test_field_seed() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_connections>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seed) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_connections),
                "::",
                stringify!(seed)
            )
        );
    }
    test_field_seed();
    fn test_field_pairs() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_connections>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).pairs) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_connections),
                "::",
                stringify!(pairs)
            )
        );
    }
    test_field_pairs();
    fn test_field_pair_count() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_connections>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).pair_count) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_connections),
                "::",
                stringify!(pair_count)
            )
        );
    }
    test_field_pair_count();
    fn test_field_kernel_sizes() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_connections>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kernel_sizes) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_connections),
                "::",
                stringify!(kernel_sizes)
            )
        );
    }
    test_field_kernel_sizes();
    fn test_field_kernel_size_count() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_connections>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kernel_size_count) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_connections),
                "::",
                stringify!(kernel_size_count)
            )
        );
    }
    test_field_kernel_size_count();
    fn test_field_kernel_sizes_by_map() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_connections>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kernel_sizes_by_map) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_connections),
                "::",
                stringify!(kernel_sizes_by_map)
            )
        );
    }
    test_field_kernel_sizes_by_map();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_connections>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            60usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_connections),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_connections>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_connections),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_connections {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " Y_o = activation(sum_i X_i * w_oi + b_o), cross-correlation (Hedberg 60-61, Lin 1)."]
#[doc = "  Weight [filters, C / groups, kernel h, kernel w], bias [filters]."]
#[doc = "  Output [filters, H', W'] with H' = floor((H + pads - dilation (kernel - 1) - 1) / stride) + 1."]
#[doc = "  A 3x3 kernel of stride 1 may run by Winograd's F(2x2, 3x3) (Lavin and Gray 2015, section"]
#[doc = "  4.1): its rms error is no larger than the direct sum's, but what isn't finite may spread to"]
#[doc = "  the outputs beside it. Where the host accepts CNN_ACCEPT_WINOGRAD_4X4 it may run by F(4x4,"]
#[doc = "  3x3), which spreads that over tiles of 4x4. Measured on uniform random values, inputs rectified"]
#[doc = "  or not, and 16 to 512 channels, F(2x2, 3x3) has 0.6 to 0.9 times the direct sum's rms error,"]
#[doc = "  F(4x4, 3x3) 1.7 to 2.9 times, and F(3x3, 2x2) of the weights' gradient 0.4 to 2.7 times."]
#[repr(C)]
pub struct cnn_conv2d {
    pub name: *const std::os::raw::c_char,
    #[doc = " required"]
    pub filters: i64,
    #[doc = " height, width; required (a width of 0: square)"]
    pub kernel: [i64; 2usize],
    #[doc = " default 1 (a second of 0: as the first)"]
    pub stride: [i64; 2usize],
    #[doc = " likewise"]
    pub dilation: [i64; 2usize],
    #[doc = " top, left, bottom, right; only with CNN_EXPLICIT"]
    pub padding: [i64; 4usize],
    #[doc = " divides C and filters; default 1; C: depthwise"]
    pub groups: i64,
    pub padding_mode: cnn_padding,
    pub no_bias: i32,
    pub activation: cnn_activation_kind,
    #[doc = " of leaky ReLU; default 0.01, negative: 0; alpha of ELU; default 1"]
    pub slope: f32,
    pub initializer: cnn_initializer,
    #[doc = " default 1; of CNN_INIT_CONSTANT 0"]
    pub initializer_scale: f32,
    #[doc = " i runs over the inputs that o is connected to (Hedberg 60); NULL: all. With one, groups must"]
    #[doc = "  be 1 and the weight has the shape told there."]
    pub connections: *const cnn_connections,
    #[doc = " strides that leave a rest are CNN_SHAPE_MISMATCH, not floored (Delmas 35)"]
    pub exact: i32,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_conv2d() {
    assert_eq!(
        ::std::mem::size_of::<cnn_conv2d>(),
        208usize,
        concat!("Size of: ", stringify!(cnn_conv2d))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_conv2d>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_conv2d))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_filters() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).filters) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(filters)
            )
        );
    }
    test_field_filters();
    fn test_field_kernel() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kernel) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(kernel)
            )
        );
    }
    test_field_kernel();
    fn test_field_stride() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).stride) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(stride)
            )
        );
    }
    test_field_stride();
    fn test_field_dilation() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).dilation) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(dilation)
            )
        );
    }
    test_field_dilation();
    fn test_field_padding() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).padding) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(padding)
            )
        );
    }
    test_field_padding();
    fn test_field_groups() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).groups) as usize - ptr as usize
            },
            96usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(groups)
            )
        );
    }
    test_field_groups();
    fn test_field_padding_mode() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).padding_mode) as usize - ptr as usize
            },
            104usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(padding_mode)
            )
        );
    }
    test_field_padding_mode();
    fn test_field_no_bias() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).no_bias) as usize - ptr as usize
            },
            108usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(no_bias)
            )
        );
    }
    test_field_no_bias();
    fn test_field_activation() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).activation) as usize - ptr as usize
            },
            112usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(activation)
            )
        );
    }
    test_field_activation();
    fn test_field_slope() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).slope) as usize - ptr as usize
            },
            116usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(slope)
            )
        );
    }
    test_field_slope();
    fn test_field_initializer() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).initializer) as usize - ptr as usize
            },
            120usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(initializer)
            )
        );
    }
    test_field_initializer();
    fn test_field_initializer_scale() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).initializer_scale) as usize - ptr as usize
            },
            124usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(initializer_scale)
            )
        );
    }
    test_field_initializer_scale();
    fn test_field_connections() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).connections) as usize - ptr as usize
            },
            128usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(connections)
            )
        );
    }
    test_field_connections();
    fn test_field_exact() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).exact) as usize - ptr as usize
            },
            136usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(exact)
            )
        );
    }
    test_field_exact();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            140usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            144usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv2d),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_conv2d {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cnn_net_conv2d(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_conv2d,
    ) -> cnn_node;
}
#[doc = " y = activation(W x + b) (Hedberg 9, Delmas 17); an input of higher rank is flattened, NCHW."]
#[doc = "  Weight [units, inputs], bias [units]. Output [units]."]
#[repr(C)]
pub struct cnn_dense {
    pub name: *const std::os::raw::c_char,
    #[doc = " required"]
    pub units: i64,
    pub no_bias: i32,
    pub activation: cnn_activation_kind,
    #[doc = " of leaky ReLU; default 0.01, negative: 0; alpha of ELU; default 1"]
    pub slope: f32,
    pub initializer: cnn_initializer,
    #[doc = " default 1; of CNN_INIT_CONSTANT 0"]
    pub initializer_scale: f32,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_dense() {
    assert_eq!(
        ::std::mem::size_of::<cnn_dense>(),
        104usize,
        concat!("Size of: ", stringify!(cnn_dense))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_dense>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_dense))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_dense>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_dense),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_units() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_dense>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).units) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_dense),
                "::",
                stringify!(units)
            )
        );
    }
    test_field_units();
    fn test_field_no_bias() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_dense>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).no_bias) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_dense),
                "::",
                stringify!(no_bias)
            )
        );
    }
    test_field_no_bias();
    fn test_field_activation() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_dense>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).activation) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_dense),
                "::",
                stringify!(activation)
            )
        );
    }
    test_field_activation();
    fn test_field_slope() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_dense>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).slope) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_dense),
                "::",
                stringify!(slope)
            )
        );
    }
    test_field_slope();
    fn test_field_initializer() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_dense>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).initializer) as usize - ptr as usize
            },
            28usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_dense),
                "::",
                stringify!(initializer)
            )
        );
    }
    test_field_initializer();
    fn test_field_initializer_scale() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_dense>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).initializer_scale) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_dense),
                "::",
                stringify!(initializer_scale)
            )
        );
    }
    test_field_initializer_scale();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_dense>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            36usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_dense),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_dense>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_dense),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_dense {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cnn_net_dense(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_dense,
    ) -> cnn_node;
}
#[doc = " A window slid over each channel; the average of 2x2 sigmoids is that of worked gradients'"]
#[doc = "  convolutional network. Padding never wins a maximum. Of equal values in a window the"]
#[doc = "  first in row-major order gets the gradient (Hedberg 98-100, corrected). A NaN in a window is its"]
#[doc = "  maximum."]
#[repr(C)]
pub struct cnn_pool2d {
    pub name: *const std::os::raw::c_char,
    #[doc = " height, width; required (a width of 0: square)"]
    pub window: [i64; 2usize],
    #[doc = " default: the window (a second of 0: as the first)"]
    pub stride: [i64; 2usize],
    #[doc = " top, left, bottom, right, each less than the window"]
    pub padding: [i64; 4usize],
    pub padding_mode: cnn_padding,
    #[doc = " round the output size up; a window must begin inside the input"]
    pub ceil_mode: i32,
    #[doc = " average over the whole window, padding as zeros"]
    pub include_padding: i32,
    #[doc = " strides that leave a rest are CNN_SHAPE_MISMATCH"]
    pub exact: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_pool2d() {
    assert_eq!(
        ::std::mem::size_of::<cnn_pool2d>(),
        152usize,
        concat!("Size of: ", stringify!(cnn_pool2d))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_pool2d>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_pool2d))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_pool2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_pool2d),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_window() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_pool2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).window) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_pool2d),
                "::",
                stringify!(window)
            )
        );
    }
    test_field_window();
    fn test_field_stride() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_pool2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).stride) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_pool2d),
                "::",
                stringify!(stride)
            )
        );
    }
    test_field_stride();
    fn test_field_padding() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_pool2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).padding) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_pool2d),
                "::",
                stringify!(padding)
            )
        );
    }
    test_field_padding();
    fn test_field_padding_mode() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_pool2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).padding_mode) as usize - ptr as usize
            },
            72usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_pool2d),
                "::",
                stringify!(padding_mode)
            )
        );
    }
    test_field_padding_mode();
    fn test_field_ceil_mode() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_pool2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).ceil_mode) as usize - ptr as usize
            },
            76usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_pool2d),
                "::",
                stringify!(ceil_mode)
            )
        );
    }
    test_field_ceil_mode();
    fn test_field_include_padding() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_pool2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).include_padding) as usize - ptr as usize
            },
            80usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_pool2d),
                "::",
                stringify!(include_padding)
            )
        );
    }
    test_field_include_padding();
    fn test_field_exact() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_pool2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).exact) as usize - ptr as usize
            },
            84usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_pool2d),
                "::",
                stringify!(exact)
            )
        );
    }
    test_field_exact();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_pool2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            88usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_pool2d),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_pool2d {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cnn_net_max_pool2d(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_pool2d,
    ) -> cnn_node;
}
extern "C" {
    pub fn cnn_net_average_pool2d(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_pool2d,
    ) -> cnn_node;
}
#[doc = " Weighted sub-sampling (Hedberg 86-97, corrected: alpha multiplies the window's sum, not its"]
#[doc = "  mean): Y_i = activation(sum_j alpha_ij S_j + b_i), S_j[y, x] being the sum of X_j over rows"]
#[doc = "  y K_v to y K_v + K_v - 1 and columns x K_u to x K_u + K_u - 1. What is left over at the end of a"]
#[doc = "  row or column is not used, and its gradient is 0."]
#[doc = "  Without connections a map has one alpha_i and takes map i alone (Hedberg 87). With connections"]
#[doc = "  there is an alpha_ij for each (Hedberg 86), or with shared_kernel an alpha_i for the sum of all"]
#[doc = "  that map i takes (Hedberg 96). Parameters alpha, [maps] or [connections] in the table's order,"]
#[doc = "  and bias [maps]; initial alphas have fan-in connections * K_v * K_u."]
#[doc = "  Factors that differ between maps (below Hedberg 86): a node for each factor, all linear and but"]
#[doc = "  one without bias, and cnn_net_add, with the activation, where their outputs meet."]
#[repr(C)]
pub struct cnn_weighted_subsample2d {
    pub name: *const std::os::raw::c_char,
    #[doc = " output maps; default: the channels, and without connections no other"]
    pub filters: i64,
    #[doc = " K_v (height), K_u (width); required (a second of 0: as the first)"]
    pub factor: [i64; 2usize],
    #[doc = " NULL: map i to map i; kernel_sizes must be NULL"]
    pub connections: *const cnn_connections,
    pub no_bias: i32,
    #[doc = " sizes that the factors don't divide are CNN_SHAPE_MISMATCH"]
    pub exact: i32,
    pub activation: cnn_activation_kind,
    #[doc = " of leaky ReLU; default 0.01, negative: 0"]
    pub slope: f32,
    pub initializer: cnn_initializer,
    #[doc = " default 1; of CNN_INIT_CONSTANT 0"]
    pub initializer_scale: f32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_weighted_subsample2d() {
    assert_eq!(
        ::std::mem::size_of::<cnn_weighted_subsample2d>(),
        128usize,
        concat!("Size of: ", stringify!(cnn_weighted_subsample2d))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_weighted_subsample2d>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_weighted_subsample2d))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_weighted_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_weighted_subsample2d),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_filters() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_weighted_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).filters) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_weighted_subsample2d),
                "::",
                stringify!(filters)
            )
        );
    }
    test_field_filters();
    fn test_field_factor() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_weighted_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).factor) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_weighted_subsample2d),
                "::",
                stringify!(factor)
            )
        );
    }
    test_field_factor();
    fn test_field_connections() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_weighted_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).connections) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_weighted_subsample2d),
                "::",
                stringify!(connections)
            )
        );
    }
    test_field_connections();
    fn test_field_no_bias() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_weighted_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).no_bias) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_weighted_subsample2d),
                "::",
                stringify!(no_bias)
            )
        );
    }
    test_field_no_bias();
    fn test_field_exact() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_weighted_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).exact) as usize - ptr as usize
            },
            44usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_weighted_subsample2d),
                "::",
                stringify!(exact)
            )
        );
    }
    test_field_exact();
    fn test_field_activation() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_weighted_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).activation) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_weighted_subsample2d),
                "::",
                stringify!(activation)
            )
        );
    }
    test_field_activation();
    fn test_field_slope() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_weighted_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).slope) as usize - ptr as usize
            },
            52usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_weighted_subsample2d),
                "::",
                stringify!(slope)
            )
        );
    }
    test_field_slope();
    fn test_field_initializer() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_weighted_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).initializer) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_weighted_subsample2d),
                "::",
                stringify!(initializer)
            )
        );
    }
    test_field_initializer();
    fn test_field_initializer_scale() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_weighted_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).initializer_scale) as usize - ptr as usize
            },
            60usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_weighted_subsample2d),
                "::",
                stringify!(initializer_scale)
            )
        );
    }
    test_field_initializer_scale();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_weighted_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_weighted_subsample2d),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_weighted_subsample2d {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cnn_net_weighted_subsample2d(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_weighted_subsample2d,
    ) -> cnn_node;
}
#[doc = " Vanilla sub-sampling: every K-th row and column, Y[y, x] = X[y K_v, x K_u] (Hedberg 101-103)."]
#[doc = "  Output sizes are floor((n - 1) / K) + 1: so a convolution of stride K is the same convolution of"]
#[doc = "  stride 1, sub-sampled (Hedberg rem. 4-5)."]
#[repr(C)]
pub struct cnn_subsample2d {
    pub name: *const std::os::raw::c_char,
    #[doc = " K_v (height), K_u (width); required (a second of 0: as the first)"]
    pub factor: [i64; 2usize],
    #[doc = " CNN_SHAPE_MISMATCH unless K divides n - 1"]
    pub exact: i32,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_subsample2d() {
    assert_eq!(
        ::std::mem::size_of::<cnn_subsample2d>(),
        96usize,
        concat!("Size of: ", stringify!(cnn_subsample2d))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_subsample2d>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_subsample2d))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_subsample2d),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_factor() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).factor) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_subsample2d),
                "::",
                stringify!(factor)
            )
        );
    }
    test_field_factor();
    fn test_field_exact() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).exact) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_subsample2d),
                "::",
                stringify!(exact)
            )
        );
    }
    test_field_exact();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            28usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_subsample2d),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_subsample2d>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_subsample2d),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_subsample2d {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cnn_net_subsample2d(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_subsample2d,
    ) -> cnn_node;
}
#[doc = " z of a distance d = |y - c| and beta > 0 (Hedberg 54, corrected: of the squared distance)."]
pub type cnn_radial_kind = i32;
#[doc = " exp(-beta d^2)"]
pub const CNN_RADIAL_GAUSSIAN: i32 = 0;
#[doc = " exp(-beta d), as printed; gradient 0 at d = 0"]
pub const CNN_RADIAL_UNSQUARED: i32 = 1;
#[doc = " sqrt(1 + beta d^2)"]
pub const CNN_RADIAL_MULTIQUADRIC: i32 = 2;
#[doc = " 1 / sqrt(1 + beta d^2)"]
pub const CNN_RADIAL_INVERSE_MULTIQUADRIC: i32 = 3;
#[doc = " 1 / (1 + beta d^2)"]
pub const CNN_RADIAL_INVERSE_QUADRATIC: i32 = 4;
#[doc = " beta d^2: any rho follows as an activation layer"]
pub const CNN_RADIAL_DISTANCE: i32 = 5;
#[doc = " Radial basis layer: z_j = rho(beta_j, |y - c_j|) (Hedberg 42-54, corrected); an input of higher"]
#[doc = "  rank is flattened, NCHW. Its linear output (Hedberg 55) is a cnn_net_dense after it."]
#[doc = "  Parameters center [units, inputs] and log_beta [units]: beta = exp(log_beta) stays positive, and"]
#[doc = "  its gradient is beta times beta's. Neither decays. Output [units]. Distances are computed from"]
#[doc = "  the differences, so that points near a centre lose no digits."]
#[doc = "  Centres start by the initializer, or from data by cnn_net_init_radial_basis."]
#[repr(C)]
pub struct cnn_radial_basis {
    pub name: *const std::os::raw::c_char,
    #[doc = " required"]
    pub units: i64,
    pub kind: cnn_radial_kind,
    #[doc = " at the start; default 1 / inputs"]
    pub beta: f32,
    #[doc = " of centres; default CNN_INIT_NORMAL; fan_in the inputs"]
    pub initializer: cnn_initializer,
    #[doc = " default 1; of CNN_INIT_CONSTANT 0"]
    pub initializer_scale: f32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_radial_basis() {
    assert_eq!(
        ::std::mem::size_of::<cnn_radial_basis>(),
        96usize,
        concat!("Size of: ", stringify!(cnn_radial_basis))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_radial_basis>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_radial_basis))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_radial_basis>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_radial_basis),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_units() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_radial_basis>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).units) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_radial_basis),
                "::",
                stringify!(units)
            )
        );
    }
    test_field_units();
    fn test_field_kind() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_radial_basis>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kind) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_radial_basis),
                "::",
                stringify!(kind)
            )
        );
    }
    test_field_kind();
    fn test_field_beta() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_radial_basis>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).beta) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_radial_basis),
                "::",
                stringify!(beta)
            )
        );
    }
    test_field_beta();
    fn test_field_initializer() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_radial_basis>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).initializer) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_radial_basis),
                "::",
                stringify!(initializer)
            )
        );
    }
    test_field_initializer();
    fn test_field_initializer_scale() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_radial_basis>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).initializer_scale) as usize - ptr as usize
            },
            28usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_radial_basis),
                "::",
                stringify!(initializer_scale)
            )
        );
    }
    test_field_initializer_scale();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_radial_basis>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_radial_basis),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_radial_basis {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cnn_net_radial_basis(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_radial_basis,
    ) -> cnn_node;
}
#[doc = " For layers whose name is all there is to say."]
#[repr(C)]
pub struct cnn_plain {
    pub name: *const std::os::raw::c_char,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_plain() {
    assert_eq!(
        ::std::mem::size_of::<cnn_plain>(),
        72usize,
        concat!("Size of: ", stringify!(cnn_plain))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_plain>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_plain))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_plain>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_plain),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_plain>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_plain),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_plain {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " The mean of each channel; output [C, 1, 1]."]
    pub fn cnn_net_global_average_pool2d(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_plain,
    ) -> cnn_node;
}
extern "C" {
    #[doc = " [C, H, W] as [C H W], index (c H + h) W + w (Delmas 41-42). Moves no data."]
    pub fn cnn_net_flatten(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_plain,
    ) -> cnn_node;
}
#[repr(C)]
pub struct cnn_reshape {
    pub name: *const std::os::raw::c_char,
    #[doc = " {K}, {C, L} or {C, H, W}"]
    pub shape: [i64; 3usize],
    #[doc = " 1 to 3, required"]
    pub rank: i32,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_reshape() {
    assert_eq!(
        ::std::mem::size_of::<cnn_reshape>(),
        104usize,
        concat!("Size of: ", stringify!(cnn_reshape))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_reshape>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_reshape))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_reshape>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_reshape),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_shape() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_reshape>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).shape) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_reshape),
                "::",
                stringify!(shape)
            )
        );
    }
    test_field_shape();
    fn test_field_rank() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_reshape>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).rank) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_reshape),
                "::",
                stringify!(rank)
            )
        );
    }
    test_field_rank();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_reshape>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            36usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_reshape),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_reshape>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_reshape),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_reshape {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " The same elements, in row-major order, under another shape of as many: {C, H, W} as {C H W} and"]
    #[doc = "  back (Delmas 41-42), D's vec and sqr."]
    pub fn cnn_net_reshape(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_reshape,
    ) -> cnn_node;
}
#[repr(C)]
pub struct cnn_activation {
    pub name: *const std::os::raw::c_char,
    pub kind: cnn_activation_kind,
    #[doc = " of leaky ReLU; default 0.01, negative: 0; alpha of ELU; default 1"]
    pub slope: f32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_activation() {
    assert_eq!(
        ::std::mem::size_of::<cnn_activation>(),
        80usize,
        concat!("Size of: ", stringify!(cnn_activation))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_activation>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_activation))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_activation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_activation),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_kind() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_activation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kind) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_activation),
                "::",
                stringify!(kind)
            )
        );
    }
    test_field_kind();
    fn test_field_slope() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_activation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).slope) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_activation),
                "::",
                stringify!(slope)
            )
        );
    }
    test_field_slope();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_activation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_activation),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_activation {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cnn_net_activation(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_activation,
    ) -> cnn_node;
}
extern "C" {
    #[doc = " exp(x_c) / sum_k exp(x_k) over the channels (the first axis), shifted by the maximum (Hedberg"]
    #[doc = "  25; Delmas 20, its gradient 31-33). Before a cross-entropy use CNN_LOSS_SOFTMAX_CROSS_ENTROPY on"]
    #[doc = " the logits instead."]
    pub fn cnn_net_softmax(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_plain,
    ) -> cnn_node;
}
#[doc = " In training each element is zero with probability `rate`, else divided by (1 - rate); else the"]
#[doc = "  identity. The stream depends on seed, node, step and logical position alone."]
#[repr(C)]
pub struct cnn_dropout {
    pub name: *const std::os::raw::c_char,
    #[doc = " in [0, 1)"]
    pub rate: f32,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_dropout() {
    assert_eq!(
        ::std::mem::size_of::<cnn_dropout>(),
        80usize,
        concat!("Size of: ", stringify!(cnn_dropout))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_dropout>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_dropout))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_dropout>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_dropout),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_rate() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_dropout>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).rate) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_dropout),
                "::",
                stringify!(rate)
            )
        );
    }
    test_field_rate();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_dropout>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_dropout),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_dropout>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_dropout),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_dropout {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cnn_net_dropout(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_dropout,
    ) -> cnn_node;
}
#[doc = " y = scale (x - mean) / sqrt(variance + epsilon) + shift for each channel (Ioffe, Szegedy 2015)."]
#[doc = "  In training mean and (biased) variance are the batch's, over N, H and W, and cnn_net_train_step"]
#[doc = "  and cnn_net_fit move the running ones: running += momentum (batch - running), the variance"]
#[doc = "  unbiased there; one that would not be finite stays. Else the running ones are used."]
#[doc = "  Parameters scale (starts at 1) and shift (0), [C]; state running_mean (0), running_variance (1)."]
#[repr(C)]
pub struct cnn_batch_norm {
    pub name: *const std::os::raw::c_char,
    #[doc = " default 0.1, negative: 0"]
    pub momentum: f32,
    #[doc = " default 1e-5, negative: 0"]
    pub epsilon: f32,
    pub no_scale: i32,
    pub no_shift: i32,
    pub activation: cnn_activation_kind,
    #[doc = " of leaky ReLU; default 0.01, negative: 0; alpha of ELU; default 1"]
    pub slope: f32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_batch_norm() {
    assert_eq!(
        ::std::mem::size_of::<cnn_batch_norm>(),
        96usize,
        concat!("Size of: ", stringify!(cnn_batch_norm))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_batch_norm>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_batch_norm))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_batch_norm>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_batch_norm),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_momentum() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_batch_norm>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).momentum) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_batch_norm),
                "::",
                stringify!(momentum)
            )
        );
    }
    test_field_momentum();
    fn test_field_epsilon() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_batch_norm>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).epsilon) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_batch_norm),
                "::",
                stringify!(epsilon)
            )
        );
    }
    test_field_epsilon();
    fn test_field_no_scale() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_batch_norm>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).no_scale) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_batch_norm),
                "::",
                stringify!(no_scale)
            )
        );
    }
    test_field_no_scale();
    fn test_field_no_shift() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_batch_norm>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).no_shift) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_batch_norm),
                "::",
                stringify!(no_shift)
            )
        );
    }
    test_field_no_shift();
    fn test_field_activation() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_batch_norm>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).activation) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_batch_norm),
                "::",
                stringify!(activation)
            )
        );
    }
    test_field_activation();
    fn test_field_slope() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_batch_norm>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).slope) as usize - ptr as usize
            },
            28usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_batch_norm),
                "::",
                stringify!(slope)
            )
        );
    }
    test_field_slope();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_batch_norm>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_batch_norm),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_batch_norm {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cnn_net_batch_norm(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_batch_norm,
    ) -> cnn_node;
}
#[repr(C)]
pub struct cnn_add {
    pub name: *const std::os::raw::c_char,
    pub activation: cnn_activation_kind,
    #[doc = " of leaky ReLU; default 0.01, negative: 0; alpha of ELU; default 1"]
    pub slope: f32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_add() {
    assert_eq!(
        ::std::mem::size_of::<cnn_add>(),
        80usize,
        concat!("Size of: ", stringify!(cnn_add))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_add>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_add))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_add>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_add),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_activation() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_add>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).activation) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_add),
                "::",
                stringify!(activation)
            )
        );
    }
    test_field_activation();
    fn test_field_slope() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_add>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).slope) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_add),
                "::",
                stringify!(slope)
            )
        );
    }
    test_field_slope();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_add>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_add),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_add {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " activation(sum of the inputs), at least two, all of one shape."]
    pub fn cnn_net_add(
        net: *mut cnn_net,
        inputs: *const cnn_node,
        count: i32,
        descriptor: *const cnn_add,
    ) -> cnn_node;
}
extern "C" {
    #[doc = " The inputs, at least one, one after the other along the channels; their other sizes are equal."]
    pub fn cnn_net_concat(
        net: *mut cnn_net,
        inputs: *const cnn_node,
        count: i32,
        descriptor: *const cnn_plain,
    ) -> cnn_node;
}
#[doc = " What a callback of a host-defined layer gets: float32, row-major, n samples of everything that"]
#[doc = "  belongs to samples."]
#[repr(C)]
pub struct cnn_host_call {
    pub n: i64,
    #[doc = " of each input [n, its shape]"]
    pub inputs: *const *const f32,
    #[doc = " of each parameter its tensor"]
    pub parameters: *const *const f32,
    #[doc = " [n, output shape]: forward writes it (it has zeros before); in backward as forward left it,"]
    #[doc = "  not to be written."]
    pub output: *mut f32,
    #[doc = " dL/dy in backward; NULL in forward"]
    pub output_gradient: *const f32,
    #[doc = " In backward dL/dx of each input, and dL/dp of each parameter summed over the n samples."]
    #[doc = "  Zeros before the call; NULL where not wanted. Both NULL in forward."]
    pub input_gradients: *const *mut f32,
    pub parameter_gradients: *const *mut f32,
    pub input_count: i32,
    pub parameter_count: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_host_call() {
    assert_eq!(
        ::std::mem::size_of::<cnn_host_call>(),
        128usize,
        concat!("Size of: ", stringify!(cnn_host_call))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_host_call>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_host_call))
    );
    fn test_field_n() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_call>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).n) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_call),
                "::",
                stringify!(n)
            )
        );
    }
    test_field_n();
    fn test_field_inputs() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_call>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).inputs) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_call),
                "::",
                stringify!(inputs)
            )
        );
    }
    test_field_inputs();
    fn test_field_parameters() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_call>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).parameters) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_call),
                "::",
                stringify!(parameters)
            )
        );
    }
    test_field_parameters();
    fn test_field_output() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_call>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).output) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_call),
                "::",
                stringify!(output)
            )
        );
    }
    test_field_output();
    fn test_field_output_gradient() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_call>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).output_gradient) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_call),
                "::",
                stringify!(output_gradient)
            )
        );
    }
    test_field_output_gradient();
    fn test_field_input_gradients() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_call>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).input_gradients) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_call),
                "::",
                stringify!(input_gradients)
            )
        );
    }
    test_field_input_gradients();
    fn test_field_parameter_gradients() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_call>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).parameter_gradients) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_call),
                "::",
                stringify!(parameter_gradients)
            )
        );
    }
    test_field_parameter_gradients();
    fn test_field_input_count() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_call>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).input_count) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_call),
                "::",
                stringify!(input_count)
            )
        );
    }
    test_field_input_count();
    fn test_field_parameter_count() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_call>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).parameter_count) as usize - ptr as usize
            },
            60usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_call),
                "::",
                stringify!(parameter_count)
            )
        );
    }
    test_field_parameter_count();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_call>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_call),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_host_call {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
pub type cnn_host_function = ::std::option::Option<
    unsafe extern "C" fn(call: *const cnn_host_call, user: *mut std::os::raw::c_void) -> i32,
>;
#[doc = " A parameter tensor of a host-defined layer. Its values are among the net's like any other's."]
#[repr(C)]
pub struct cnn_host_parameter {
    #[doc = " \"weight\"; within the layer; required"]
    pub name: *const std::os::raw::c_char,
    pub shape: [i64; 4usize],
    #[doc = " for the initializer; default the elements after the first axis"]
    pub fan_in: i64,
    #[doc = " likewise; default shape[0]"]
    pub fan_out: i64,
    #[doc = " 1 to 4, required"]
    pub rank: i32,
    #[doc = " default Xavier"]
    pub initializer: cnn_initializer,
    #[doc = " default 1; of CNN_INIT_CONSTANT 0"]
    pub initializer_scale: f32,
    #[doc = " weight decay and L2 act on it"]
    pub decays: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_host_parameter() {
    assert_eq!(
        ::std::mem::size_of::<cnn_host_parameter>(),
        136usize,
        concat!("Size of: ", stringify!(cnn_host_parameter))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_host_parameter>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_host_parameter))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_parameter>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_parameter),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_shape() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_parameter>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).shape) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_parameter),
                "::",
                stringify!(shape)
            )
        );
    }
    test_field_shape();
    fn test_field_fan_in() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_parameter>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).fan_in) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_parameter),
                "::",
                stringify!(fan_in)
            )
        );
    }
    test_field_fan_in();
    fn test_field_fan_out() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_parameter>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).fan_out) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_parameter),
                "::",
                stringify!(fan_out)
            )
        );
    }
    test_field_fan_out();
    fn test_field_rank() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_parameter>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).rank) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_parameter),
                "::",
                stringify!(rank)
            )
        );
    }
    test_field_rank();
    fn test_field_initializer() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_parameter>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).initializer) as usize - ptr as usize
            },
            60usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_parameter),
                "::",
                stringify!(initializer)
            )
        );
    }
    test_field_initializer();
    fn test_field_initializer_scale() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_parameter>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).initializer_scale) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_parameter),
                "::",
                stringify!(initializer_scale)
            )
        );
    }
    test_field_initializer_scale();
    fn test_field_decays() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_parameter>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).decays) as usize - ptr as usize
            },
            68usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_parameter),
                "::",
                stringify!(decays)
            )
        );
    }
    test_field_decays();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_parameter>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            72usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_parameter),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_host_parameter {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
pub struct cnn_host_layer {
    pub name: *const std::os::raw::c_char,
    #[doc = " the host's word for it, in summaries and files; required"]
    pub kind: *const std::os::raw::c_char,
    pub output_shape: [i64; 3usize],
    #[doc = " copied"]
    pub parameters: *const cnn_host_parameter,
    #[doc = " required; y = f(x, p), the same for the same x and p,"]
    #[doc = "and of each sample by that sample alone"]
    pub forward: cnn_host_function,
    #[doc = " required"]
    pub backward: cnn_host_function,
    pub user: *mut std::os::raw::c_void,
    #[doc = " Called once, with user, when the last net that holds the callbacks is gone; not called for"]
    #[doc = "  a node that couldn't be added. Nullable."]
    pub released: ::std::option::Option<unsafe extern "C" fn(user: *mut std::os::raw::c_void)>,
    #[doc = " 1 to 3; 0: the output has the shape of the first input"]
    pub output_rank: i32,
    pub parameter_count: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_host_layer() {
    assert_eq!(
        ::std::mem::size_of::<cnn_host_layer>(),
        152usize,
        concat!("Size of: ", stringify!(cnn_host_layer))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_host_layer>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_host_layer))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_layer>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_layer),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_kind() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_layer>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kind) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_layer),
                "::",
                stringify!(kind)
            )
        );
    }
    test_field_kind();
    fn test_field_output_shape() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_layer>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).output_shape) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_layer),
                "::",
                stringify!(output_shape)
            )
        );
    }
    test_field_output_shape();
    fn test_field_parameters() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_layer>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).parameters) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_layer),
                "::",
                stringify!(parameters)
            )
        );
    }
    test_field_parameters();
    fn test_field_forward() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_layer>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).forward) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_layer),
                "::",
                stringify!(forward)
            )
        );
    }
    test_field_forward();
    fn test_field_backward() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_layer>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).backward) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_layer),
                "::",
                stringify!(backward)
            )
        );
    }
    test_field_backward();
    fn test_field_user() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_layer>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).user) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_layer),
                "::",
                stringify!(user)
            )
        );
    }
    test_field_user();
    fn test_field_released() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_layer>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).released) as usize - ptr as usize
            },
            72usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_layer),
                "::",
                stringify!(released)
            )
        );
    }
    test_field_released();
    fn test_field_output_rank() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_layer>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).output_rank) as usize - ptr as usize
            },
            80usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_layer),
                "::",
                stringify!(output_rank)
            )
        );
    }
    test_field_output_rank();
    fn test_field_parameter_count() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_layer>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).parameter_count) as usize - ptr as usize
            },
            84usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_layer),
                "::",
                stringify!(parameter_count)
            )
        );
    }
    test_field_parameter_count();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_layer>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            88usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_layer),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_host_layer {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " Adds a layer that the host computes, of `count` inputs of any shapes. It has no derivative along"]
    #[doc = "  a direction: CNN_LEVENBERG_MARQUARDT and CNN_GAUSS_NEWTON_CG refuse a net (CNN_UNSUPPORTED, with"]
    #[doc = "  the node) in which it lies between what moves and a loss. Every other optimizer serves, and"]
    #[doc = "  those two where it doesn't; a host-defined activation they take."]
    pub fn cnn_net_host_layer(
        net: *mut cnn_net,
        inputs: *const cnn_node,
        count: i32,
        descriptor: *const cnn_host_layer,
    ) -> cnn_node;
}
#[repr(C)]
pub struct cnn_host_activation {
    pub name: *const std::os::raw::c_char,
    #[doc = " the host's word for it, in summaries and files; required"]
    pub kind: *const std::os::raw::c_char,
    #[doc = " y[i] = f(x[i]); required."]
    pub forward: ::std::option::Option<
        unsafe extern "C" fn(
            count: i64,
            x: *const f32,
            y: *mut f32,
            user: *mut std::os::raw::c_void,
        ) -> i32,
    >,
    #[doc = " dx[i] = f'(x[i]) dy[i], with y as forward gave it; required."]
    pub backward: ::std::option::Option<
        unsafe extern "C" fn(
            count: i64,
            x: *const f32,
            y: *const f32,
            dy: *const f32,
            dx: *mut f32,
            user: *mut std::os::raw::c_void,
        ) -> i32,
    >,
    pub user: *mut std::os::raw::c_void,
    #[doc = " as in cnn_host_layer"]
    pub released: ::std::option::Option<unsafe extern "C" fn(user: *mut std::os::raw::c_void)>,
    #[doc = " OpenCL C of f in the float x, \"x / (1 + fabs(x))\", and of f' in x and y,"]
    #[doc = "  \"1 / ((1 + fabs(x)) * (1 + fabs(x)))\"; both or neither. Compiled by cnn_net_compile as they"]
    #[doc = "  are: a mistake in them is CNN_DEVICE_ERROR with the compiler's log."]
    pub opencl_forward: *const std::os::raw::c_char,
    pub opencl_derivative: *const std::os::raw::c_char,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_host_activation() {
    assert_eq!(
        ::std::mem::size_of::<cnn_host_activation>(),
        128usize,
        concat!("Size of: ", stringify!(cnn_host_activation))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_host_activation>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_host_activation))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_activation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_activation),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_kind() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_activation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kind) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_activation),
                "::",
                stringify!(kind)
            )
        );
    }
    test_field_kind();
    fn test_field_forward() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_activation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).forward) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_activation),
                "::",
                stringify!(forward)
            )
        );
    }
    test_field_forward();
    fn test_field_backward() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_activation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).backward) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_activation),
                "::",
                stringify!(backward)
            )
        );
    }
    test_field_backward();
    fn test_field_user() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_activation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).user) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_activation),
                "::",
                stringify!(user)
            )
        );
    }
    test_field_user();
    fn test_field_released() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_activation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).released) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_activation),
                "::",
                stringify!(released)
            )
        );
    }
    test_field_released();
    fn test_field_opencl_forward() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_activation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).opencl_forward) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_activation),
                "::",
                stringify!(opencl_forward)
            )
        );
    }
    test_field_opencl_forward();
    fn test_field_opencl_derivative() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_activation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).opencl_derivative) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_activation),
                "::",
                stringify!(opencl_derivative)
            )
        );
    }
    test_field_opencl_derivative();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_host_activation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_host_activation),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_host_activation {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " Adds an activation that the host computes, element by element (Hedberg's phi, any)."]
    pub fn cnn_net_host_activation(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_host_activation,
    ) -> cnn_node;
}
extern "C" {
    #[doc = " Gives the host-defined node `name` of a loaded net its callbacks, or other ones; descriptor's"]
    #[doc = "  name is not used. Allowed until compile. CNN_NOT_FOUND; CNN_INVALID_ARGUMENT for a node of"]
    #[doc = "  another kind; CNN_SHAPE_MISMATCH where output or parameters differ."]
    pub fn cnn_net_bind_host_layer(
        net: *mut cnn_net,
        name: *const std::os::raw::c_char,
        descriptor: *const cnn_host_layer,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_net_bind_host_activation(
        net: *mut cnn_net,
        name: *const std::os::raw::c_char,
        descriptor: *const cnn_host_activation,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[doc = " Over n samples with weights s_k (1 unless given), y the node's output, t its target, K elements"]
#[doc = "  a sample. Each is a mean over the samples, 1/n whatever the weights sum to (Delmas 19), and on a"]
#[doc = "  map [C, H, W] as on a vector: any layer's output may have a loss. No loss includes the"]
#[doc = " regulariser of the optimizer. The six pairs of Hedberg's table 3, corrected: CNN_LOSS_HALF_MSE,"]
#[doc = "  CNN_LOSS_BINARY_CROSS_ENTROPY and CNN_LOSS_CROSS_ENTROPY after any activation; binary"]
#[doc = "  cross-entropy with the sigmoid and cross-entropy with softmax fused, the sigmoid and softmax"]
#[doc = " ones below on what comes before; CNN_LOSS_HALF_MSE after none."]
pub type cnn_loss_kind = i32;
#[doc = " (1/n) sum_k s_k (-sum_c t_c log softmax(y)_c) over the classes, the first axis; y are"]
#[doc = " logits. On a map [C, H, W] the mean of that over the places. Targets are class indices (0 to"]
#[doc = " C - 1), one a place, or distributions t. (Hedberg 27, fused; the gradient is softmax(y)"]
#[doc = " sum(t) - t.)"]
pub const CNN_LOSS_SOFTMAX_CROSS_ENTROPY: i32 = 1;
#[doc = " (1/n) sum_k s_k sum_i [max(y,0) - y t + log(1 + exp(-|y|))]: binary cross-entropy of"]
#[doc = "  sigmoid(y), y being logits, for any t (Hedberg 26, fused; the gradient is sigmoid(y) - t)."]
pub const CNN_LOSS_SIGMOID_CROSS_ENTROPY: i32 = 2;
#[doc = " (1/(n K)) sum_k s_k sum_i (y - t)^2: the mean over elements and samples."]
pub const CNN_LOSS_MSE: i32 = 3;
#[doc = " (1/n) sum_k s_k 1/2 sum_i (y - t)^2 (Hedberg 21, its mean over the samples)."]
pub const CNN_LOSS_HALF_MSE: i32 = 4;
#[doc = " (1/n) sum_k s_k sum_i (y - t)^2 (Hedberg 105; worked gradients' and Lin's squared error)."]
pub const CNN_LOSS_SUM_OF_SQUARES: i32 = 5;
#[doc = " (1/n) sum_k s_k sum_i [-t log p - (1 - t) log(1 - p)] of probabilities p = y (Hedberg 26,"]
#[doc = "  Delmas 21). y is first clamped to [2^-24, 1 - 2^-24], and its derivative is that at the"]
#[doc = "  clamped value. After a sigmoid CNN_LOSS_SIGMOID_CROSS_ENTROPY on its input is better: where"]
#[doc = "  the sigmoid has become 0 or 1, its derivative has vanished."]
pub const CNN_LOSS_BINARY_CROSS_ENTROPY: i32 = 6;
#[doc = " (1/n) sum_k s_k (-sum_c t_c log y_c) of probabilities y over the classes (Hedberg 27, table"]
#[doc = " 2, for any activation; 0 log 0 = 0); on a map the mean of that over the places. y is first"]
#[doc = "  clamped to at least 2^-24, as above. Targets are distributions. After softmax"]
#[doc = "  CNN_LOSS_SOFTMAX_CROSS_ENTROPY on its input is better."]
pub const CNN_LOSS_CROSS_ENTROPY: i32 = 7;
#[repr(C)]
pub struct cnn_loss {
    pub name: *const std::os::raw::c_char,
    #[doc = " required"]
    pub kind: cnn_loss_kind,
    #[doc = " in the sum of several losses; default 1, negative: 0"]
    pub weight: f32,
    #[doc = " The factor w_i of each output's term in the sum over i (Delmas 22), finite and >= 0: one for"]
    #[doc = "  each element of a sample, or one for each channel of a map. NULL: all 1. Kept as the node's"]
    #[doc = "  state tensor \"<name>/output_weights\". Not for softmax cross-entropy."]
    pub output_weights: *const f32,
    pub output_weight_count: i64,
    #[doc = " The sum over i is divided by K, its terms' number (Delmas 22: 1/n_out); CNN_LOSS_MSE is so"]
    #[doc = "  anyway. Not for softmax cross-entropy."]
    pub average_outputs: i32,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_loss() {
    assert_eq!(
        ::std::mem::size_of::<cnn_loss>(),
        104usize,
        concat!("Size of: ", stringify!(cnn_loss))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_loss>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_loss))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_loss>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_loss),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_kind() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_loss>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kind) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_loss),
                "::",
                stringify!(kind)
            )
        );
    }
    test_field_kind();
    fn test_field_weight() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_loss>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).weight) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_loss),
                "::",
                stringify!(weight)
            )
        );
    }
    test_field_weight();
    fn test_field_output_weights() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_loss>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).output_weights) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_loss),
                "::",
                stringify!(output_weights)
            )
        );
    }
    test_field_output_weights();
    fn test_field_output_weight_count() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_loss>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).output_weight_count) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_loss),
                "::",
                stringify!(output_weight_count)
            )
        );
    }
    test_field_output_weight_count();
    fn test_field_average_outputs() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_loss>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).average_outputs) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_loss),
                "::",
                stringify!(average_outputs)
            )
        );
    }
    test_field_average_outputs();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_loss>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            36usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_loss),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_loss>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_loss),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_loss {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " Adds a loss on `input`; its target has input's shape, or is one label for a class (of each place"]
    #[doc = "  of a map). Several losses sum by weight; their targets are given in the order the losses were"]
    #[doc = "  added."]
    pub fn cnn_net_loss(
        net: *mut cnn_net,
        input: cnn_node,
        descriptor: *const cnn_loss,
    ) -> cnn_node;
}
extern "C" {
    #[doc = " Declares `node` an output of cnn_net_run; several are in the order of declaration. Without any,"]
    #[doc = "  the output is the last node that isn't a loss. Allowed until compile."]
    pub fn cnn_net_output(net: *mut cnn_net, node: cnn_node, error: *mut cnn_error) -> cnn_status;
}
extern "C" {
    #[doc = " The first mistake made while building, or CNN_OK."]
    pub fn cnn_net_error(net: *const cnn_net, error: *mut cnn_error) -> cnn_status;
}
#[doc = " Faster ways of a device that round more than its usual ones do, which a host may accept: bits of"]
#[doc = "  cnn_compile.accept."]
pub type cnn_accept = i32;
#[doc = " 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3); for its error see cnn_conv2d."]
pub const CNN_ACCEPT_WINOGRAD_4X4: i32 = 1;
#[repr(C)]
pub struct cnn_compile {
    #[doc = " the largest n of one step, at most 2^20; default 1"]
    pub max_batch: i64,
    #[doc = " smaller sizes worth a plan of their own; copied"]
    pub batches: *const i64,
    pub batch_count: i32,
    #[doc = " frees what training wants; then only run works"]
    pub inference_only: i32,
    #[doc = " Bytes the net may hold on the device: plan, parameters, state, gradient, also what is"]
    #[doc = "  planned later; 0: only the device's limit. An optimizer's states are not the net's."]
    #[doc = "  Where this or the device's limit is below what gradients want, activations are dropped after"]
    #[doc = "  the forward pass and computed again in the backward pass, each once: the same bits in more"]
    #[doc = "  time, which the log tells (CNN_LOG_INFO). No more of them than must be, so what is planned"]
    #[doc = "  later may find no room, and an optimizer only where the limit here is the lower one. What"]
    #[doc = "  needs a host's callback or its samples isn't computed again. CNN_LIMIT_EXCEEDED tells the"]
    #[doc = "  least that was found to do."]
    pub memory_limit: i64,
    #[doc = " Seconds to tune the device for the net before, as cnn_device_tune does, where its cache has"]
    #[doc = "  nothing of it yet; 0: none."]
    pub tune_seconds: f64,
    #[doc = " CNN_ACCEPT_*: less accurate ways that may be planned; default none"]
    pub accept: i64,
    pub reserved: [i64; 6usize],
}
#[test]
fn bindgen_test_layout_cnn_compile() {
    assert_eq!(
        ::std::mem::size_of::<cnn_compile>(),
        96usize,
        concat!("Size of: ", stringify!(cnn_compile))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_compile>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_compile))
    );
    fn test_field_max_batch() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_compile>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).max_batch) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_compile),
                "::",
                stringify!(max_batch)
            )
        );
    }
    test_field_max_batch();
    fn test_field_batches() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_compile>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).batches) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_compile),
                "::",
                stringify!(batches)
            )
        );
    }
    test_field_batches();
    fn test_field_batch_count() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_compile>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).batch_count) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_compile),
                "::",
                stringify!(batch_count)
            )
        );
    }
    test_field_batch_count();
    fn test_field_inference_only() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_compile>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).inference_only) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_compile),
                "::",
                stringify!(inference_only)
            )
        );
    }
    test_field_inference_only();
    fn test_field_memory_limit() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_compile>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).memory_limit) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_compile),
                "::",
                stringify!(memory_limit)
            )
        );
    }
    test_field_memory_limit();
    fn test_field_tune_seconds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_compile>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).tune_seconds) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_compile),
                "::",
                stringify!(tune_seconds)
            )
        );
    }
    test_field_tune_seconds();
    fn test_field_accept() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_compile>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).accept) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_compile),
                "::",
                stringify!(accept)
            )
        );
    }
    test_field_accept();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_compile>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_compile),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_compile {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " Plans the net for a device: kernels, layouts and memory for every n up to max_batch. After it,"]
    #[doc = "  run, evaluate and training allocate and compile nothing; what is rarer (loss_gradient, backward,"]
    #[doc = "  options of a run, another form of target) is planned at its first use. May be called again, also"]
    #[doc = " for another device: parameters, state and bound optimizer states survive. Reports the first"]
    #[doc = " building mistake. CNN_UNSUPPORTED names a node that the backend can't do; CNN_LIMIT_EXCEEDED"]
    #[doc = " tells what it needs."]
    pub fn cnn_net_compile(
        net: *mut cnn_net,
        device: *mut cnn_device,
        options: *const cnn_compile,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[doc = " How a tuning goes."]
#[repr(C)]
pub struct cnn_tune_progress {
    #[doc = " the one at hand, from 0; operations: the whole net"]
    pub operation: i64,
    pub operations: i64,
    #[doc = " since the call"]
    pub seconds: f64,
    #[doc = " of the time given"]
    pub fraction: f64,
    #[doc = " the first layer that has the operation"]
    pub name: [std::os::raw::c_char; 128usize],
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_tune_progress() {
    assert_eq!(
        ::std::mem::size_of::<cnn_tune_progress>(),
        224usize,
        concat!("Size of: ", stringify!(cnn_tune_progress))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_tune_progress>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_tune_progress))
    );
    fn test_field_operation() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).operation) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_progress),
                "::",
                stringify!(operation)
            )
        );
    }
    test_field_operation();
    fn test_field_operations() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).operations) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_progress),
                "::",
                stringify!(operations)
            )
        );
    }
    test_field_operations();
    fn test_field_seconds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seconds) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_progress),
                "::",
                stringify!(seconds)
            )
        );
    }
    test_field_seconds();
    fn test_field_fraction() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).fraction) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_progress),
                "::",
                stringify!(fraction)
            )
        );
    }
    test_field_fraction();
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_progress),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            160usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_progress),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_tune_progress {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " Non-zero cancels. Called from the thread that called, between two measurements. The net is the"]
#[doc = "  callback's to read only."]
pub type cnn_tune_function = ::std::option::Option<
    unsafe extern "C" fn(
        progress: *const cnn_tune_progress,
        user: *mut std::os::raw::c_void,
    ) -> i32,
>;
#[repr(C)]
pub struct cnn_tune {
    #[doc = " what the net will be compiled with; its tune_seconds must be 0"]
    pub compile: cnn_compile,
    #[doc = " default 20; what has begun is ended, so it may take a little longer"]
    pub seconds: f64,
    pub progress: cnn_tune_function,
    pub user: *mut std::os::raw::c_void,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_tune() {
    assert_eq!(
        ::std::mem::size_of::<cnn_tune>(),
        184usize,
        concat!("Size of: ", stringify!(cnn_tune))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_tune>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_tune))
    );
    fn test_field_compile() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).compile) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune),
                "::",
                stringify!(compile)
            )
        );
    }
    test_field_compile();
    fn test_field_seconds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seconds) as usize - ptr as usize
            },
            96usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune),
                "::",
                stringify!(seconds)
            )
        );
    }
    test_field_seconds();
    fn test_field_progress() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).progress) as usize - ptr as usize
            },
            104usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune),
                "::",
                stringify!(progress)
            )
        );
    }
    test_field_progress();
    fn test_field_user() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).user) as usize - ptr as usize
            },
            112usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune),
                "::",
                stringify!(user)
            )
        );
    }
    test_field_user();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            120usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_tune {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " Out: what a tuning did."]
#[repr(C)]
pub struct cnn_tune_report {
    #[doc = " distinct ones that were looked at"]
    pub operations: i64,
    #[doc = " ways to run them that were tried"]
    pub measured: i64,
    #[doc = " of them: wrong, or not built"]
    pub rejected: i64,
    #[doc = " choices that went into the database; 0: nothing was faster"]
    pub kept: i64,
    #[doc = " it took"]
    pub seconds: f64,
    #[doc = " of a run and, unless for inference only, a training step"]
    pub seconds_before: f64,
    #[doc = " the same by what was kept"]
    pub seconds_after: f64,
    pub reserved: [i64; 9usize],
}
#[test]
fn bindgen_test_layout_cnn_tune_report() {
    assert_eq!(
        ::std::mem::size_of::<cnn_tune_report>(),
        128usize,
        concat!("Size of: ", stringify!(cnn_tune_report))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_tune_report>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_tune_report))
    );
    fn test_field_operations() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).operations) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_report),
                "::",
                stringify!(operations)
            )
        );
    }
    test_field_operations();
    fn test_field_measured() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).measured) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_report),
                "::",
                stringify!(measured)
            )
        );
    }
    test_field_measured();
    fn test_field_rejected() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).rejected) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_report),
                "::",
                stringify!(rejected)
            )
        );
    }
    test_field_rejected();
    fn test_field_kept() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kept) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_report),
                "::",
                stringify!(kept)
            )
        );
    }
    test_field_kept();
    fn test_field_seconds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seconds) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_report),
                "::",
                stringify!(seconds)
            )
        );
    }
    test_field_seconds();
    fn test_field_seconds_before() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seconds_before) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_report),
                "::",
                stringify!(seconds_before)
            )
        );
    }
    test_field_seconds_before();
    fn test_field_seconds_after() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seconds_after) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_report),
                "::",
                stringify!(seconds_after)
            )
        );
    }
    test_field_seconds_after();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tune_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tune_report),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_tune_report {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " Finds by measurement how the device best runs the net's convolutions and dense layers, of the"]
    #[doc = "  sizes that `options` (nullable) tells, those that take longest first: which algorithm, and with"]
    #[doc = "  which parameters. A way counts only where its results on random data are those of the float64"]
    #[doc = "  reference, twice the same bits, and nothing lies outside of them; the log tells which were"]
    #[doc = "  rejected, and why. In the end the whole net is run as it is planned without and with the"]
    #[doc = "  findings, in turn, and they are kept only where it is faster."]
    #[doc = ""]
    #[doc = "  They are the device's: plans of any net made later have them, as have other processes where a"]
    #[doc = "  cache directory is given, by a text file there (\"tuning-1.txt\") that may be copied, merged and"]
    #[doc = "  deleted. The same findings give the same plan. The net is as it was and need not be compiled;"]
    #[doc = "  two clones of it are on the device meanwhile, and host-defined layers' callbacks are called."]
    #[doc = "  Nothing else should run then. CNN_CANCELLED: nothing is kept. report is nullable and written"]
    #[doc = "  then too."]
    pub fn cnn_device_tune(
        device: *mut cnn_device,
        net: *mut cnn_net,
        options: *const cnn_tune,
        report: *mut cnn_tune_report,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[repr(C)]
pub struct cnn_profile {
    #[doc = " of each run; default max_batch"]
    pub samples: i64,
    #[doc = " that count, one more before them; default 10"]
    pub runs: i32,
    #[doc = " a step's loss and gradient, without the update, in place of a run"]
    pub training: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_profile() {
    assert_eq!(
        ::std::mem::size_of::<cnn_profile>(),
        80usize,
        concat!("Size of: ", stringify!(cnn_profile))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_profile>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_profile))
    );
    fn test_field_samples() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_profile>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).samples) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_profile),
                "::",
                stringify!(samples)
            )
        );
    }
    test_field_samples();
    fn test_field_runs() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_profile>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).runs) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_profile),
                "::",
                stringify!(runs)
            )
        );
    }
    test_field_runs();
    fn test_field_training() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_profile>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).training) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_profile),
                "::",
                stringify!(training)
            )
        );
    }
    test_field_training();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_profile>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_profile),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_profile {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " Out: what the device runs as one, and how long it takes."]
#[repr(C)]
pub struct cnn_node_time {
    #[doc = " of its first operation; -1: of none, as a change of layout"]
    pub node: cnn_node,
    #[doc = " of the backward pass"]
    pub second_pass: i32,
    #[doc = " the median of the runs"]
    pub seconds: f64,
    #[doc = " floating-point operations of its arithmetic"]
    pub flops: f64,
    #[doc = " of what it reads and writes, each once"]
    pub bytes: f64,
    #[doc = " \"convolution+pointwise direct_n16 NCHW16c\"; cut if longer"]
    pub operation: [std::os::raw::c_char; 192usize],
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_node_time() {
    assert_eq!(
        ::std::mem::size_of::<cnn_node_time>(),
        288usize,
        concat!("Size of: ", stringify!(cnn_node_time))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_node_time>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_node_time))
    );
    fn test_field_node() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_time>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).node) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_time),
                "::",
                stringify!(node)
            )
        );
    }
    test_field_node();
    fn test_field_second_pass() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_time>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).second_pass) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_time),
                "::",
                stringify!(second_pass)
            )
        );
    }
    test_field_second_pass();
    fn test_field_seconds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_time>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seconds) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_time),
                "::",
                stringify!(seconds)
            )
        );
    }
    test_field_seconds();
    fn test_field_flops() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_time>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).flops) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_time),
                "::",
                stringify!(flops)
            )
        );
    }
    test_field_flops();
    fn test_field_bytes() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_time>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).bytes) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_time),
                "::",
                stringify!(bytes)
            )
        );
    }
    test_field_bytes();
    fn test_field_operation() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_time>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).operation) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_time),
                "::",
                stringify!(operation)
            )
        );
    }
    test_field_operation();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_time>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            224usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_time),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_node_time {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " Where a compiled net's time goes: runs it on samples of no meaning, host-defined layers too, and"]
    #[doc = "  gives a row for each launch of its plan, in order, the first `capacity` of them; *needed"]
    #[doc = "  (nullable) is how many there are. times may be NULL when capacity is 0: then nothing runs."]
    #[doc = "  Parameters and state stay; with `training` the gradient is written, and the first row is what a"]
    #[doc = "  step does before its nodes: packed copies of parameters. OpenCL devices are timed by events"]
    #[doc = "  while the queue is kept full, without what lies between commands and the transfer of samples; on"]
    #[doc = "  a host's queue without CL_QUEUE_PROFILING_ENABLE, and on a CPU, by the clock, waiting after each"]
    #[doc = "  launch. CNN_BAD_STATE before compile, and for `training` without a loss; CNN_OUT_OF_RANGE where"]
    #[doc = "  samples, runs or capacity is below 0 or samples above max_batch."]
    pub fn cnn_net_profile(
        net: *mut cnn_net,
        options: *const cnn_profile,
        times: *mut cnn_node_time,
        capacity: i64,
        needed: *mut i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
pub type cnn_type = i32;
pub const CNN_FLOAT32: i32 = 0;
pub const CNN_UINT8: i32 = 1;
pub const CNN_INT32: i32 = 2;
pub const CNN_INT64: i32 = 3;
pub type cnn_layout = i32;
pub const CNN_NCHW: i32 = 0;
pub const CNN_NHWC: i32 = 1;
#[doc = " A tensor of the host's. value = (raw - mean[c]) * scale[c] with c the channel; a scale of 0"]
#[doc = "  means 1, or scale[0] for a later channel if all later ones are 0 (so {1 / 255.f} serves all);"]
#[doc = "  means are repeated likewise. Channels from the fourth on use the fourth's. An output's `data` is"]
#[doc = "  written; it is float32, scale and mean unused."]
#[repr(C)]
pub struct cnn_view {
    pub data: *const std::os::raw::c_void,
    #[doc = " of data: n times those of one sample"]
    pub elements: i64,
    pub type_: cnn_type,
    pub layout: cnn_layout,
    pub scale: [f32; 4usize],
    pub mean: [f32; 4usize],
    #[doc = " In place of `data`, which is then NULL: a cl_mem, a buffer of the context that the net's"]
    #[doc = "  device was opened with (see cnn_device_open_opencl). It is read or written where it lies,"]
    #[doc = "  by commands on the device's queue; never on another device."]
    pub memory: *mut std::os::raw::c_void,
    #[doc = " bytes before its first element; a multiple of the element's size"]
    pub memory_offset: i64,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_view() {
    assert_eq!(
        ::std::mem::size_of::<cnn_view>(),
        136usize,
        concat!("Size of: ", stringify!(cnn_view))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_view>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_view))
    );
    fn test_field_data() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_view>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).data) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_view),
                "::",
                stringify!(data)
            )
        );
    }
    test_field_data();
    fn test_field_elements() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_view>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).elements) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_view),
                "::",
                stringify!(elements)
            )
        );
    }
    test_field_elements();
    fn test_field_type() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_view>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).type_) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_view),
                "::",
                stringify!(type_)
            )
        );
    }
    test_field_type();
    fn test_field_layout() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_view>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).layout) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_view),
                "::",
                stringify!(layout)
            )
        );
    }
    test_field_layout();
    fn test_field_scale() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_view>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).scale) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_view),
                "::",
                stringify!(scale)
            )
        );
    }
    test_field_scale();
    fn test_field_mean() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_view>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).mean) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_view),
                "::",
                stringify!(mean)
            )
        );
    }
    test_field_mean();
    fn test_field_memory() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_view>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).memory) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_view),
                "::",
                stringify!(memory)
            )
        );
    }
    test_field_memory();
    fn test_field_memory_offset() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_view>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).memory_offset) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_view),
                "::",
                stringify!(memory_offset)
            )
        );
    }
    test_field_memory_offset();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_view>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            72usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_view),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_view {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " n samples: inputs, and targets for losses, each in the order in which they were added to the"]
#[doc = "  net. The fields without an array serve one input and one loss."]
#[repr(C)]
pub struct cnn_samples {
    #[doc = " float32 or uint8; value = (raw - mean) * scale as in cnn_view"]
    pub inputs: *const std::os::raw::c_void,
    pub input_elements: i64,
    pub input_type: cnn_type,
    pub input_layout: cnn_layout,
    pub scale: [f32; 4usize],
    pub mean: [f32; 4usize],
    #[doc = " float32, of the shape of the loss's input (NCHW)"]
    pub targets: *const f32,
    pub target_elements: i64,
    #[doc = " instead of targets: class indices, uint8, int32 or int64; one a sample, or for a loss on a"]
    #[doc = " map [C, H, W] one a place, [H, W] a sample"]
    pub labels: *const std::os::raw::c_void,
    pub label_elements: i64,
    #[doc = " s_k, one a sample; NULL: all 1"]
    pub weights: *const f32,
    pub weight_elements: i64,
    #[doc = " instead of inputs, for a net with several"]
    pub input_views: *const cnn_view,
    #[doc = " instead of targets and labels: float32, or labels"]
    pub target_views: *const cnn_view,
    pub input_view_count: i32,
    pub target_view_count: i32,
    pub label_type: cnn_type,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_samples() {
    assert_eq!(
        ::std::mem::size_of::<cnn_samples>(),
        200usize,
        concat!("Size of: ", stringify!(cnn_samples))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_samples>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_samples))
    );
    fn test_field_inputs() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).inputs) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(inputs)
            )
        );
    }
    test_field_inputs();
    fn test_field_input_elements() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).input_elements) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(input_elements)
            )
        );
    }
    test_field_input_elements();
    fn test_field_input_type() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).input_type) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(input_type)
            )
        );
    }
    test_field_input_type();
    fn test_field_input_layout() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).input_layout) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(input_layout)
            )
        );
    }
    test_field_input_layout();
    fn test_field_scale() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).scale) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(scale)
            )
        );
    }
    test_field_scale();
    fn test_field_mean() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).mean) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(mean)
            )
        );
    }
    test_field_mean();
    fn test_field_targets() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).targets) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(targets)
            )
        );
    }
    test_field_targets();
    fn test_field_target_elements() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).target_elements) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(target_elements)
            )
        );
    }
    test_field_target_elements();
    fn test_field_labels() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).labels) as usize - ptr as usize
            },
            72usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(labels)
            )
        );
    }
    test_field_labels();
    fn test_field_label_elements() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).label_elements) as usize - ptr as usize
            },
            80usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(label_elements)
            )
        );
    }
    test_field_label_elements();
    fn test_field_weights() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).weights) as usize - ptr as usize
            },
            88usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(weights)
            )
        );
    }
    test_field_weights();
    fn test_field_weight_elements() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).weight_elements) as usize - ptr as usize
            },
            96usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(weight_elements)
            )
        );
    }
    test_field_weight_elements();
    fn test_field_input_views() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).input_views) as usize - ptr as usize
            },
            104usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(input_views)
            )
        );
    }
    test_field_input_views();
    fn test_field_target_views() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).target_views) as usize - ptr as usize
            },
            112usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(target_views)
            )
        );
    }
    test_field_target_views();
    fn test_field_input_view_count() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).input_view_count) as usize - ptr as usize
            },
            120usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(input_view_count)
            )
        );
    }
    test_field_input_view_count();
    fn test_field_target_view_count() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).target_view_count) as usize - ptr as usize
            },
            124usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(target_view_count)
            )
        );
    }
    test_field_target_view_count();
    fn test_field_label_type() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).label_type) as usize - ptr as usize
            },
            128usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(label_type)
            )
        );
    }
    test_field_label_type();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            132usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_samples>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            136usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_samples),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_samples {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " Runs the net (dropout off, batch norm on its running statistics) on x, n samples of float32 for"]
    #[doc = "  its one input, into y, the n results of its first output. More than max_batch samples are run in"]
    #[doc = "  parts. CNN_SHAPE_MISMATCH if either count doesn't fit."]
    pub fn cnn_net_run(
        net: *mut cnn_net,
        x: *const f32,
        x_elements: i64,
        y: *mut f32,
        y_elements: i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " The same on views: bytes as a camera gives them, NHWC."]
    pub fn cnn_net_run_view(
        net: *mut cnn_net,
        input: *const cnn_view,
        output: *const cnn_view,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[repr(C)]
pub struct cnn_run {
    #[doc = " give softmax over channels of the outputs: a classifier's probabilities"]
    pub softmax: i32,
    #[doc = " run as training does: dropout on, batch statistics; state is unchanged"]
    pub training: i32,
    #[doc = " of cnn_net_run_for: drop an unfinished run; the others ignore it"]
    pub restart: i32,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_run() {
    assert_eq!(
        ::std::mem::size_of::<cnn_run>(),
        80usize,
        concat!("Size of: ", stringify!(cnn_run))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_run>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_run))
    );
    fn test_field_softmax() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_run>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).softmax) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_run),
                "::",
                stringify!(softmax)
            )
        );
    }
    test_field_softmax();
    fn test_field_training() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_run>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).training) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_run),
                "::",
                stringify!(training)
            )
        );
    }
    test_field_training();
    fn test_field_restart() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_run>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).restart) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_run),
                "::",
                stringify!(restart)
            )
        );
    }
    test_field_restart();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_run>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_run),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_run>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_run),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_run {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " The same with several inputs and outputs, in the order of adding and declaring."]
    pub fn cnn_net_run_many(
        net: *mut cnn_net,
        inputs: *const cnn_view,
        input_count: i32,
        outputs: *const cnn_view,
        output_count: i32,
        options: *const cnn_run,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[doc = " Out: how far a run with a time budget came."]
#[repr(C)]
pub struct cnn_run_progress {
    #[doc = " 1: the outputs are written, and the next call begins anew"]
    pub done: i32,
    pub reserved32: i32,
    #[doc = " of the predicted work, 0 to 1"]
    pub fraction: f64,
    #[doc = " that this call took"]
    pub microseconds: f64,
    #[doc = " predicted for the next piece of work, which a smaller budget"]
    #[doc = "doesn't move; 0 when done; of a budget of 0: for the longest"]
    pub next_microseconds: f64,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_run_progress() {
    assert_eq!(
        ::std::mem::size_of::<cnn_run_progress>(),
        96usize,
        concat!("Size of: ", stringify!(cnn_run_progress))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_run_progress>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_run_progress))
    );
    fn test_field_done() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_run_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).done) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_run_progress),
                "::",
                stringify!(done)
            )
        );
    }
    test_field_done();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_run_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_run_progress),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_fraction() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_run_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).fraction) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_run_progress),
                "::",
                stringify!(fraction)
            )
        );
    }
    test_field_fraction();
    fn test_field_microseconds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_run_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).microseconds) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_run_progress),
                "::",
                stringify!(microseconds)
            )
        );
    }
    test_field_microseconds();
    fn test_field_next_microseconds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_run_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).next_microseconds) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_run_progress),
                "::",
                stringify!(next_microseconds)
            )
        );
    }
    test_field_next_microseconds();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_run_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_run_progress),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_run_progress {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " cnn_net_run_many in instalments: does as much as fits into so many microseconds (of the wall's"]
    #[doc = "  clock), never starts a piece of work that is predicted to take longer than what is left, and"]
    #[doc = "  goes on at the next call, to the same bits as an uninterrupted run. A piece is a layer's"]
    #[doc = "  operation, or several that are run as one, on one part of max_batch samples; predictions start"]
    #[doc = "  from a measurement on this device and are corrected by every piece that runs. Inputs are read as"]
    #[doc = "  their part begins and outputs written as it ends: give the same views, and keep what they point"]
    #[doc = "  at, until done. Whatever runs in between has other memory and doesn't disturb it. It begins anew"]
    #[doc = "  with other views or options, after a change of parameters or state, after a compile and after an"]
    #[doc = "  error (CNN_CANCELLED). microseconds 0 plans and measures, and computes nothing that is kept:"]
    #[doc = "  call it at load, so that no frame pays for it, with samples as they will come (host-defined"]
    #[doc = "  layers are called on them); else the first call does it, whatever its budget. Negative: no"]
    #[doc = "  limit. CNN_OUT_OF_RANGE for NaN. options and progress are nullable."]
    pub fn cnn_net_run_for(
        net: *mut cnn_net,
        inputs: *const cnn_view,
        input_count: i32,
        outputs: *const cnn_view,
        output_count: i32,
        options: *const cnn_run,
        microseconds: f64,
        progress: *mut cnn_run_progress,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct cnn_event {
    _unused: [u8; 0],
}
extern "C" {
    #[doc = " cnn_net_run_many that returns at once, with the same bits. The views are copied; what they point"]
    #[doc = "  at is borrowed until the event is done. Until then every other computing or changing call on the"]
    #[doc = "  net gives CNN_BUSY; reading it, saving it, cnn_net_cancel and cnn_net_destroy are allowed, and"]
    #[doc = "  several nets may be running on a device. Mistakes in the arguments are told here, what the run"]
    #[doc = "  itself meets by the event. But for the event, some small objects, a warm net allocates nothing."]
    #[doc = "   - The CPU: one of the device's own threads computes it, and calls host-defined layers, after"]
    #[doc = "     those begun before it on other nets. Where the device has none (threads 1, a parallel_for of"]
    #[doc = "     the host's, the reference) nothing happens until someone waits: whoever does computes it."]
    #[doc = "   - OpenCL: it is enqueued. More than 2 max_batch samples and host-defined layers make the call"]
    #[doc = "     wait for their parts; what is enqueued can't be cancelled."]
    pub fn cnn_net_run_async(
        net: *mut cnn_net,
        inputs: *const cnn_view,
        input_count: i32,
        outputs: *const cnn_view,
        output_count: i32,
        options: *const cnn_run,
        event: *mut *mut cnn_event,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " 1: done, or failed, or cancelled; 0: not yet; -1 for NULL. Never waits and never computes."]
    pub fn cnn_event_is_done(event: *const cnn_event) -> i32;
}
extern "C" {
    #[doc = " Waits up to `microseconds` (0: looks only; negative: as long as it takes) and gives what the run"]
    #[doc = "  came to, each time it is asked; CNN_BUSY where it isn't done. Without limit the caller computes"]
    #[doc = "  a run that no thread has begun; so does one with a limit where no thread would, and then may"]
    #[doc = "  take longer. CNN_BAD_STATE in a forked process that lacks the thread that was computing."]
    pub fn cnn_event_wait(
        event: *mut cnn_event,
        microseconds: f64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Waits for the run and ends the handle. Net and device may end before it."]
    pub fn cnn_event_destroy(event: *mut cnn_event);
}
#[doc = " Out: the quality of a net on samples."]
#[repr(C)]
pub struct cnn_evaluation {
    #[doc = " the weighted sum of the losses, without the regulariser"]
    pub loss: f64,
    #[doc = " share of right classes under the first softmax cross-entropy, of all places of maps; -1:"]
    #[doc = " none"]
    pub accuracy: f64,
    pub samples: i64,
    #[doc = " samples, or places of maps, whose class is right"]
    pub correct: i64,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_evaluation() {
    assert_eq!(
        ::std::mem::size_of::<cnn_evaluation>(),
        96usize,
        concat!("Size of: ", stringify!(cnn_evaluation))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_evaluation>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_evaluation))
    );
    fn test_field_loss() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_evaluation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).loss) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_evaluation),
                "::",
                stringify!(loss)
            )
        );
    }
    test_field_loss();
    fn test_field_accuracy() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_evaluation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).accuracy) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_evaluation),
                "::",
                stringify!(accuracy)
            )
        );
    }
    test_field_accuracy();
    fn test_field_samples() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_evaluation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).samples) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_evaluation),
                "::",
                stringify!(samples)
            )
        );
    }
    test_field_samples();
    fn test_field_correct() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_evaluation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).correct) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_evaluation),
                "::",
                stringify!(correct)
            )
        );
    }
    test_field_correct();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_evaluation>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_evaluation),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_evaluation {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " Loss and accuracy over any number of samples, in parts of max_batch (modes as cnn_net_run)."]
    pub fn cnn_net_evaluate(
        net: *mut cnn_net,
        samples: *const cnn_samples,
        result: *mut cnn_evaluation,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[repr(C)]
pub struct cnn_gradient_options {
    #[doc = " dropout on (of the step to come), batch statistics; state is unchanged"]
    pub training: i32,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_gradient_options() {
    assert_eq!(
        ::std::mem::size_of::<cnn_gradient_options>(),
        72usize,
        concat!("Size of: ", stringify!(cnn_gradient_options))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_gradient_options>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_gradient_options))
    );
    fn test_field_training() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).training) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_options),
                "::",
                stringify!(training)
            )
        );
    }
    test_field_training();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_options),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_options),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_gradient_options {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " The loss of n <= max_batch samples into *loss (nullable), and its gradient into CNN_GRADIENT."]
    #[doc = "  Never changes parameters or state. More samples: CNN_LIMIT_EXCEEDED."]
    pub fn cnn_net_loss_gradient(
        net: *mut cnn_net,
        samples: *const cnn_samples,
        options: *const cnn_gradient_options,
        loss: *mut f64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Backward from the host's own dL/dy for each output, float32, n <= max_batch samples: runs"]
    #[doc = " forward on samples' inputs (its targets are ignored), multiplies row k of each dL/dy by weight"]
    #[doc = " s_k, and writes dL/dtheta into CNN_GRADIENT and dL/dx into input_gradients (float32 NCHW, in the"]
    #[doc = " inputs' order; NULL data or a count of 0: not wanted)."]
    pub fn cnn_net_backward(
        net: *mut cnn_net,
        samples: *const cnn_samples,
        output_gradients: *const cnn_view,
        output_count: i32,
        input_gradients: *const cnn_view,
        input_count: i32,
        options: *const cnn_gradient_options,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[repr(C)]
pub struct cnn_gradient_check {
    #[doc = " of theta to compare one by one; default 1000, negative: none. Of more"]
    #[doc = "than that a random choice, with one of each tensor if it has room."]
    pub entries: i64,
    #[doc = " random ones (+-1 each entry) over all of theta; default 4, negative:"]
    #[doc = "none"]
    pub directions: i64,
    #[doc = " of the choice and the directions"]
    pub seed: u64,
    #[doc = " the largest relative error that is no failure; 0: any is none"]
    pub tolerance: f64,
    #[doc = " as in cnn_gradient_options: both sides drop the same, and use the"]
    #[doc = "batch's statistics"]
    pub training: i32,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_gradient_check() {
    assert_eq!(
        ::std::mem::size_of::<cnn_gradient_check>(),
        104usize,
        concat!("Size of: ", stringify!(cnn_gradient_check))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_gradient_check>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_gradient_check))
    );
    fn test_field_entries() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_check>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).entries) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_check),
                "::",
                stringify!(entries)
            )
        );
    }
    test_field_entries();
    fn test_field_directions() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_check>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).directions) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_check),
                "::",
                stringify!(directions)
            )
        );
    }
    test_field_directions();
    fn test_field_seed() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_check>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seed) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_check),
                "::",
                stringify!(seed)
            )
        );
    }
    test_field_seed();
    fn test_field_tolerance() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_check>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).tolerance) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_check),
                "::",
                stringify!(tolerance)
            )
        );
    }
    test_field_tolerance();
    fn test_field_training() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_check>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).training) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_check),
                "::",
                stringify!(training)
            )
        );
    }
    test_field_training();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_check>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            36usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_check),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_check>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_check),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_gradient_check {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " Out: what cnn_net_check_gradient found."]
#[repr(C)]
pub struct cnn_gradient_report {
    #[doc = " the worst entry, \"conv2d_1/weight[3,0,1,1]\"; \"\" for none"]
    pub worst: [std::os::raw::c_char; 320usize],
    #[doc = " its tensor, \"conv2d_1/weight\", cut if longer"]
    pub tensor: [std::os::raw::c_char; 256usize],
    #[doc = " its place in theta; -1: no entry was compared"]
    pub index: i64,
    #[doc = " its relative error, see below"]
    pub error: f64,
    #[doc = " the gradient's value there"]
    pub analytic: f64,
    #[doc = " and the differences'"]
    pub numeric: f64,
    #[doc = " the worst relative error along a direction; -1: none was compared"]
    pub direction_error: f64,
    #[doc = " in float64"]
    pub loss: f64,
    #[doc = " compared"]
    pub entries: i64,
    #[doc = " not compared: a kink is too near"]
    pub skipped: i64,
    pub directions: i64,
    pub skipped_directions: i64,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_gradient_report() {
    assert_eq!(
        ::std::mem::size_of::<cnn_gradient_report>(),
        720usize,
        concat!("Size of: ", stringify!(cnn_gradient_report))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_gradient_report>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_gradient_report))
    );
    fn test_field_worst() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).worst) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_report),
                "::",
                stringify!(worst)
            )
        );
    }
    test_field_worst();
    fn test_field_tensor() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).tensor) as usize - ptr as usize
            },
            320usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_report),
                "::",
                stringify!(tensor)
            )
        );
    }
    test_field_tensor();
    fn test_field_index() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).index) as usize - ptr as usize
            },
            576usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_report),
                "::",
                stringify!(index)
            )
        );
    }
    test_field_index();
    fn test_field_error() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).error) as usize - ptr as usize
            },
            584usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_report),
                "::",
                stringify!(error)
            )
        );
    }
    test_field_error();
    fn test_field_analytic() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).analytic) as usize - ptr as usize
            },
            592usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_report),
                "::",
                stringify!(analytic)
            )
        );
    }
    test_field_analytic();
    fn test_field_numeric() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).numeric) as usize - ptr as usize
            },
            600usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_report),
                "::",
                stringify!(numeric)
            )
        );
    }
    test_field_numeric();
    fn test_field_direction_error() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).direction_error) as usize - ptr as usize
            },
            608usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_report),
                "::",
                stringify!(direction_error)
            )
        );
    }
    test_field_direction_error();
    fn test_field_loss() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).loss) as usize - ptr as usize
            },
            616usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_report),
                "::",
                stringify!(loss)
            )
        );
    }
    test_field_loss();
    fn test_field_entries() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).entries) as usize - ptr as usize
            },
            624usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_report),
                "::",
                stringify!(entries)
            )
        );
    }
    test_field_entries();
    fn test_field_skipped() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).skipped) as usize - ptr as usize
            },
            632usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_report),
                "::",
                stringify!(skipped)
            )
        );
    }
    test_field_skipped();
    fn test_field_directions() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).directions) as usize - ptr as usize
            },
            640usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_report),
                "::",
                stringify!(directions)
            )
        );
    }
    test_field_directions();
    fn test_field_skipped_directions() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).skipped_directions) as usize - ptr as usize
            },
            648usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_report),
                "::",
                stringify!(skipped_directions)
            )
        );
    }
    test_field_skipped_directions();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_gradient_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            656usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_gradient_report),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_gradient_report {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " Checks the gradient of the loss of n <= max_batch samples, computed as cnn_net_loss_gradient"]
    #[doc = " does on the net's device (and left in CNN_GRADIENT), against central differences of the loss in"]
    #[doc = "  float64, computed by the reference of every operation on a clone of the net: slow, about four"]
    #[doc = "  losses an entry, for small nets and few samples. A relative error is"]
    #[doc = "  |a - d| / max(|a|, |d|, 0.001 m, 1e-6 loss), a the gradient's entry, d the differences', m the"]
    #[doc = "  largest of either (along a direction 0.1 of the gradient's 2-norm stands for 0.001 m): 1e-4 is"]
    #[doc = "  usual of float32, 1 plain wrong. Steps are 2^-20 (times |theta| above 1), and halved; where the"]
    #[doc = "  two, or the differences to either side, disagree (ReLU and maxima have kinks) smaller steps are"]
    #[doc = "  tried, then the entry is skipped and counted. Host-defined layers compute in float: with one,"]
    #[doc = "  steps are 2^-6, extrapolated to 0, and good to about 1e-3, with 1e-4 loss in place of 1e-6."]
    #[doc = " Frozen tensors are left out. The report, nullable, is written whatever the errors; with a"]
    #[doc = " tolerance an error above it, or nothing compared, is CNN_OUT_OF_RANGE with a message that names"]
    #[doc = " the worst entry. CNN_NOT_FINITE where the loss isn't finite."]
    pub fn cnn_net_check_gradient(
        net: *mut cnn_net,
        samples: *const cnn_samples,
        options: *const cnn_gradient_check,
        report: *mut cnn_gradient_report,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Asks the call in progress on the net to stop with CNN_CANCELLED within one node's time; does"]
    #[doc = "  nothing when there is none. From any thread."]
    pub fn cnn_net_cancel(net: *mut cnn_net);
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct cnn_optimizer {
    _unused: [u8; 0],
}
#[doc = " g is the clipped gradient plus that of the penalties CNN_L2 and CNN_L1, a the rate, t the step"]
#[doc = "  from 1."]
pub type cnn_optimizer_kind = i32;
#[doc = " m = momentum m + g; theta -= a m, or with CNN_NESTEROV theta -= a (g + momentum m)"]
#[doc = "  (Hedberg 121, Delmas 7 in its usual form). Momentum 0 is gradient descent (Hedberg 118,"]
#[doc = " Delmas 2). The same with other rates: Delmas 7's (alpha, gamma) is momentum 1 - gamma alpha"]
#[doc = " at the rate alpha^2; m = b m + (1 - b) g, theta -= a m is momentum b at the rate a (1 - b);"]
#[doc = "  Hedberg 121's (mu, p) is momentum p at the rate mu. CNN_WEIGHT_DECAY first makes theta"]
#[doc = "  (1 - a weight_decay) theta (Delmas 4), which equals CNN_L2 without momentum only."]
pub const CNN_SGD: i32 = 1;
#[doc = " m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; theta -= a m^ / (sqrt(v^) + epsilon) with"]
#[doc = "  m^ = m / (1 - b1^t), v^ = v / (1 - b2^t) (Delmas 11, corrected; Kingma, Ba 2015)."]
pub const CNN_ADAM: i32 = 2;
#[doc = " Adam, with theta -= a weight_decay theta apart from the gradient (Loshchilov, Hutter 2019)."]
pub const CNN_ADAMW: i32 = 3;
#[doc = " v += g^2; theta -= a g / (sqrt(v) + epsilon) (Duchi, Hazan, Singer 2011). With"]
#[doc = "  CNN_MEAN_SQUARES the root is of the mean v / t (Delmas 9): the former at the rate a sqrt(t)."]
pub const CNN_ADAGRAD: i32 = 4;
#[doc = " v = b2 v + (1-b2) g^2; m = momentum m + g / (sqrt(v) + epsilon); theta -= a m (Delmas 10,"]
#[doc = " with the epsilon it lacks). v starts biased to zero; CNN_BIAS_CORRECTION takes v / (1 -"]
#[doc = " b2^t)."]
pub const CNN_RMSPROP: i32 = 5;
#[doc = " theta -= a (3/2 g_t - 1/2 g_(t-1)), the first step a g: the two-step Adams-Bashforth method,"]
#[doc = "  for Delmas 12-14, whose 13 and 14 diverge at every rate. On a curvature l it is stable for"]
#[doc = "  a l in (0, 1), gradient descent for a l in (0, 2)."]
pub const CNN_ADAMS_BASHFORTH: i32 = 6;
#[doc = " x += a d with a by a line search along d = -g (Hedberg 118-119), or along the floating mean"]
#[doc = "  d = CNN_AVERAGE d - (1 - CNN_AVERAGE) g (Hedberg 8). With CNN_SEARCH_PERIOD p only every"]
#[doc = "  p-th step searches, accurately and along -g; the steps between keep its a."]
pub const CNN_GRADIENT_DESCENT: i32 = 20;
#[doc = " x -= a/2 (g(x) + g(x - a g(x))): two gradients a step (after Delmas 12, corrected)."]
pub const CNN_HEUN: i32 = 21;
#[doc = " Nonlinear conjugate gradients (Hedberg 164-169), Polak-Ribiere+ or Fletcher-Reeves."]
pub const CNN_NONLINEAR_CG: i32 = 22;
#[doc = " BFGS with a dense inverse Hessian: n^2 numbers (Hedberg 179-182, algorithm 1 corrected)."]
pub const CNN_BFGS: i32 = 23;
#[doc = " L-BFGS by the two-loop recursion (Hedberg algorithms 2-3, corrected): 2 CNN_HISTORY + 4"]
#[doc = "  vectors in all."]
pub const CNN_LBFGS: i32 = 24;
#[doc = " Levenberg-Marquardt on residuals r with Jacobian J: (J^T J + lambda D) step = -J^T r,"]
#[doc = "  D = diag(J^T J) (Hedberg 104-117, corrected), lambda by the ratio of the actual to the"]
#[doc = "  predicted reduction, step^T (lambda D step - J^T r) / 2. n^2 numbers. A step is by Cholesky"]
#[doc = "  of the damped normal equations scaled by D; where their condition exceeds 1e14, by the"]
#[doc = " singular values of J, its columns scaled likewise, through its triangular factor"]
#[doc = " (pseudo-inverse, Hedberg 116-117): those of at most 1e-7 of the largest count as zero in"]
#[doc = " float, in double those of at most max(1e-15, max(m, n) 2.2e-16) of it. Of a net it takes sums"]
#[doc = " of squares alone, without L1, with weights of losses and samples of at least 0"]
#[doc = " (CNN_OUT_OF_RANGE otherwise names the sample), and no cnn_net_host_layer between what moves"]
#[doc = " and a loss."]
pub const CNN_LEVENBERG_MARQUARDT: i32 = 25;
#[doc = " (G + lambda I) step = -g by truncated conjugate gradients on products with the Gauss-Newton"]
#[doc = "  matrix G, lambda by the same ratio; no matrix is stored. Takes any loss, but no"]
#[doc = "  cnn_net_host_layer between what isn't frozen and a loss."]
pub const CNN_GAUSS_NEWTON_CG: i32 = 26;
#[doc = " AdaGrad with the whole matrix of sums of g g^T in place of its diagonal (Delmas, after 10):"]
#[doc = "  x -= a (S^(1/2) + epsilon)^-1 g. n^2 numbers, n^3 work a step."]
pub const CNN_FULL_ADAGRAD: i32 = 27;
#[doc = " RMSProp, likewise with a decaying mean."]
pub const CNN_FULL_RMSPROP: i32 = 28;
#[doc = " How a step's length a is found along d, s being f's slope there, s0 = g^T d (Hedberg 5.1, 7.2)."]
pub type cnn_line_search = i32;
#[doc = " f <= f0 + c1 a s0 and |s| <= c2 |s0| (Hedberg 189-190)"]
pub const CNN_SEARCH_STRONG_WOLFE: i32 = 0;
#[doc = " f <= f0 + c1 a s0 and s >= c2 s0 (Hedberg 187-188)"]
pub const CNN_SEARCH_WOLFE: i32 = 1;
#[doc = " f <= f0 + c1 a s0 by backtracking (Armijo-Goldstein)"]
pub const CNN_SEARCH_ARMIJO: i32 = 2;
#[doc = " a bracket, then golden sections to the minimum"]
pub const CNN_SEARCH_GOLDEN: i32 = 3;
#[doc = " a bracket, then Brent's parabolas"]
pub const CNN_SEARCH_BRENT: i32 = 4;
#[doc = " likewise on slopes: Brent with derivatives"]
pub const CNN_SEARCH_BRENT_SLOPE: i32 = 5;
#[doc = " Hyper-parameters. The default and bounds of each in each optimizer: cnn_optimizer_describe_key."]
#[doc = "  Minimizers have L2 and L1 for cnn_net_minimize; cnn_minimize refuses them (CNN_UNSUPPORTED)."]
#[doc = "  L2, L1 and weight decay act on weights, not on biases nor on batch norm's scale and shift,"]
#[doc = " unless cnn_net_set_regularization says otherwise, and pull to zero, or to cnn_net_set_center's"]
#[doc = " values."]
pub type cnn_key = i32;
pub const CNN_LEARNING_RATE: i32 = 1;
pub const CNN_MOMENTUM: i32 = 2;
#[doc = " 0 or 1"]
pub const CNN_NESTEROV: i32 = 3;
pub const CNN_BETA1: i32 = 4;
pub const CNN_BETA2: i32 = 5;
pub const CNN_EPSILON: i32 = 6;
pub const CNN_WEIGHT_DECAY: i32 = 7;
#[doc = " lambda of the penalty (lambda / 2) |theta - center|^2 (Delmas 3-4); of worked gradients'"]
#[doc = "  lambda |theta|^2 it is twice theirs; of Lin's theta^T theta / (2C) it is 1 / C, with factor"]
#[doc = " 1 for the biases, which that includes (cnn_net_set_regularization)."]
pub const CNN_L2: i32 = 8;
#[doc = " lambda of the penalty (lambda / 2) |theta - center|^2 (Delmas 3-4); of worked gradients'"]
#[doc = "  lambda |theta|^2 it is twice theirs; of Lin's theta^T theta / (2C) it is 1 / C, with factor"]
#[doc = " 1 for the biases, which that includes (cnn_net_set_regularization)."]
pub const CNN_CLIP_NORM: i32 = 9;
#[doc = " lambda of the penalty lambda sum_i |theta_i - center_i|, derivative 0 at the centre (Delmas,"]
#[doc = "  footnote 1 to 3: other norms)."]
pub const CNN_L1: i32 = 10;
#[doc = " 0 or 1: AdaGrad's root is of a mean"]
pub const CNN_MEAN_SQUARES: i32 = 11;
#[doc = " 0 or 1: of RMSProp's average"]
pub const CNN_BIAS_CORRECTION: i32 = 12;
#[doc = " cnn_line_search"]
pub const CNN_LINE_SEARCH: i32 = 20;
#[doc = " of the line searches; a search for Wolfe's conditions by other"]
#[doc = "than c1 < c2 < 1 is CNN_OUT_OF_RANGE"]
pub const CNN_C1: i32 = 21;
pub const CNN_C2: i32 = 22;
#[doc = " pairs that L-BFGS keeps"]
pub const CNN_HISTORY: i32 = 23;
#[doc = " 0: Polak-Ribiere+, 1: Fletcher-Reeves"]
pub const CNN_CG_UPDATE: i32 = 24;
#[doc = " Conjugate gradients start anew along -g every so many iterations; 0: as many as there are"]
#[doc = "  parameters. They also do where successive gradients are far from orthogonal."]
pub const CNN_RESTART: i32 = 25;
#[doc = " Of nonlinear CG. 0: none; 1: the diagonal of BFGS's update of a diagonal matrix."]
pub const CNN_PRECONDITIONER: i32 = 26;
#[doc = " H0 of BFGS. 0: I, and after the first step (y^T s / y^T y) I (Hedberg 191); 1: I; 2: the"]
#[doc = "  inverse of a Hessian by differences of n gradients."]
pub const CNN_INITIAL_HESSIAN: i32 = 27;
#[doc = " 0 skips an update with y^T s <= CNN_EPSILON |y| |s| (Hedberg 177); 1 damps one with"]
#[doc = "  y^T s < s^T B s / 5 first (Powell)."]
pub const CNN_CURVATURE_GUARD: i32 = 28;
#[doc = " lambda to start with; of Gauss-Newton-CG as a part of the curvature along the gradient."]
pub const CNN_DAMPING: i32 = 29;
#[doc = " 1: one residual |r| a sample (Hedberg 106, 110), guarded at 0"]
pub const CNN_NORM_RESIDUAL: i32 = 30;
#[doc = " products a step, at most"]
pub const CNN_CG_ITERATIONS: i32 = 31;
#[doc = " the inner solve stops at this residual relative to |g|"]
pub const CNN_CG_TOLERANCE: i32 = 32;
#[doc = " of the data that a product uses"]
pub const CNN_SAMPLE_FRACTION: i32 = 33;
pub const CNN_AVERAGE: i32 = 34;
pub const CNN_SEARCH_PERIOD: i32 = 35;
extern "C" {
    #[doc = " Makes an optimizer with default hyper-parameters. NULL for an unknown kind or want of memory."]
    pub fn cnn_optimizer_create(kind: cnn_optimizer_kind) -> *mut cnn_optimizer;
}
extern "C" {
    pub fn cnn_optimizer_destroy(optimizer: *mut cnn_optimizer);
}
extern "C" {
    #[doc = " Sets a hyper-parameter. CNN_NOT_FOUND for a key this kind doesn't have; CNN_OUT_OF_RANGE, naming"]
    #[doc = "  the bounds, for a value (or NaN) outside them. Takes effect at the next step."]
    pub fn cnn_optimizer_set(
        optimizer: *mut cnn_optimizer,
        key: cnn_key,
        value: f64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_optimizer_get(
        optimizer: *const cnn_optimizer,
        key: cnn_key,
        value: *mut f64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[doc = " Out: a hyper-parameter of an optimizer."]
#[repr(C)]
pub struct cnn_key_info {
    #[doc = " \"learning_rate\""]
    pub name: [std::os::raw::c_char; 32usize],
    pub key: cnn_key,
    pub reserved32: i32,
    pub value: f64,
    pub default_value: f64,
    #[doc = " inclusive"]
    pub minimum: f64,
    #[doc = " inclusive"]
    pub maximum: f64,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_key_info() {
    assert_eq!(
        ::std::mem::size_of::<cnn_key_info>(),
        136usize,
        concat!("Size of: ", stringify!(cnn_key_info))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_key_info>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_key_info))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_key_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_key_info),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_key() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_key_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).key) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_key_info),
                "::",
                stringify!(key)
            )
        );
    }
    test_field_key();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_key_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            36usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_key_info),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_value() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_key_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).value) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_key_info),
                "::",
                stringify!(value)
            )
        );
    }
    test_field_value();
    fn test_field_default_value() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_key_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).default_value) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_key_info),
                "::",
                stringify!(default_value)
            )
        );
    }
    test_field_default_value();
    fn test_field_minimum() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_key_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).minimum) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_key_info),
                "::",
                stringify!(minimum)
            )
        );
    }
    test_field_minimum();
    fn test_field_maximum() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_key_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).maximum) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_key_info),
                "::",
                stringify!(maximum)
            )
        );
    }
    test_field_maximum();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_key_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            72usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_key_info),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_key_info {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " How many hyper-parameters it has; 0 for NULL."]
    pub fn cnn_optimizer_key_count(optimizer: *const cnn_optimizer) -> i32;
}
extern "C" {
    #[doc = " Describes the index-th of them."]
    pub fn cnn_optimizer_describe_key(
        optimizer: *const cnn_optimizer,
        index: i32,
        info: *mut cnn_key_info,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " The kind it was created as; 0 for NULL."]
    pub fn cnn_optimizer_get_kind(optimizer: *const cnn_optimizer) -> cnn_optimizer_kind;
}
extern "C" {
    #[doc = " Steps taken since creation or reset; -1 for NULL."]
    pub fn cnn_optimizer_steps(optimizer: *const cnn_optimizer) -> i64;
}
extern "C" {
    #[doc = " Forgets state, steps and the bound net; hyper-parameters stay."]
    pub fn cnn_optimizer_reset(optimizer: *mut cnn_optimizer, error: *mut cnn_error) -> cnn_status;
}
extern "C" {
    #[doc = " One step on n <= max_batch samples: training-mode forward, backward, update of parameters and"]
    #[doc = "  state. *loss (nullable) is the loss before the step; asking for it waits for the device. A step"]
    #[doc = "  whose loss or gradient isn't finite changes nothing and gives CNN_NOT_FINITE (if loss is NULL:"]
    #[doc = "  by the next step that asks for it, and no step in between changes anything)."]
    pub fn cnn_net_train_step(
        net: *mut cnn_net,
        optimizer: *mut cnn_optimizer,
        samples: *const cnn_samples,
        loss: *mut f64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[doc = " How training stands, given to a callback."]
#[repr(C)]
pub struct cnn_progress {
    #[doc = " from 0"]
    pub epoch: i64,
    pub epochs: i64,
    #[doc = " done in this call"]
    pub step: i64,
    pub steps: i64,
    #[doc = " of the whole fit, 0 to 1"]
    pub fraction: f64,
    #[doc = " mean of this epoch's steps so far"]
    pub loss: f64,
    pub learning_rate: f64,
    #[doc = " after the latest epoch; NaN: none yet"]
    pub validation_loss: f64,
    #[doc = " likewise; -1: none"]
    pub validation_accuracy: f64,
    pub samples_per_second: f64,
    #[doc = " since fit began"]
    pub seconds: f64,
    #[doc = " predicted"]
    pub seconds_left: f64,
    #[doc = " 1 in the call after an epoch's validation"]
    pub epoch_ended: i32,
    #[doc = " of cnn_net_fit_for: 1: all epochs are done, the next call begins anew"]
    pub done: i32,
    #[doc = " of cnn_net_fit_for, as in cnn_run_progress"]
    pub next_microseconds: f64,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_progress() {
    assert_eq!(
        ::std::mem::size_of::<cnn_progress>(),
        176usize,
        concat!("Size of: ", stringify!(cnn_progress))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_progress>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_progress))
    );
    fn test_field_epoch() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).epoch) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(epoch)
            )
        );
    }
    test_field_epoch();
    fn test_field_epochs() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).epochs) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(epochs)
            )
        );
    }
    test_field_epochs();
    fn test_field_step() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).step) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(step)
            )
        );
    }
    test_field_step();
    fn test_field_steps() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).steps) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(steps)
            )
        );
    }
    test_field_steps();
    fn test_field_fraction() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).fraction) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(fraction)
            )
        );
    }
    test_field_fraction();
    fn test_field_loss() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).loss) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(loss)
            )
        );
    }
    test_field_loss();
    fn test_field_learning_rate() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).learning_rate) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(learning_rate)
            )
        );
    }
    test_field_learning_rate();
    fn test_field_validation_loss() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).validation_loss) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(validation_loss)
            )
        );
    }
    test_field_validation_loss();
    fn test_field_validation_accuracy() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).validation_accuracy) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(validation_accuracy)
            )
        );
    }
    test_field_validation_accuracy();
    fn test_field_samples_per_second() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).samples_per_second) as usize - ptr as usize
            },
            72usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(samples_per_second)
            )
        );
    }
    test_field_samples_per_second();
    fn test_field_seconds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seconds) as usize - ptr as usize
            },
            80usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(seconds)
            )
        );
    }
    test_field_seconds();
    fn test_field_seconds_left() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seconds_left) as usize - ptr as usize
            },
            88usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(seconds_left)
            )
        );
    }
    test_field_seconds_left();
    fn test_field_epoch_ended() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).epoch_ended) as usize - ptr as usize
            },
            96usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(epoch_ended)
            )
        );
    }
    test_field_epoch_ended();
    fn test_field_done() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).done) as usize - ptr as usize
            },
            100usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(done)
            )
        );
    }
    test_field_done();
    fn test_field_next_microseconds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).next_microseconds) as usize - ptr as usize
            },
            104usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(next_microseconds)
            )
        );
    }
    test_field_next_microseconds();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            112usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_progress),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_progress {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " Non-zero cancels. May read parameters, save and evaluate; run, train, compile and destroy give"]
#[doc = "  CNN_BUSY (destroy does nothing). Called from the thread that called fit."]
pub type cnn_progress_function = ::std::option::Option<
    unsafe extern "C" fn(progress: *const cnn_progress, user: *mut std::os::raw::c_void) -> i32,
>;
#[doc = " The rate at epoch e (a fraction within an epoch counts), a being CNN_LEARNING_RATE, E all"]
#[doc = " epochs."]
pub type cnn_schedule = i32;
#[doc = " a"]
pub const CNN_SCHEDULE_CONSTANT: i32 = 0;
#[doc = " a factor^floor(e / period)"]
pub const CNN_SCHEDULE_STEP: i32 = 1;
#[doc = " a factor^(e / period)"]
pub const CNN_SCHEDULE_EXPONENTIAL: i32 = 2;
#[doc = " floor + (a - floor) (1 + cos(pi e / E)) / 2"]
pub const CNN_SCHEDULE_COSINE: i32 = 3;
#[repr(C)]
pub struct cnn_fit {
    #[doc = " default 1; in cnn_net_fit_for without end"]
    pub epochs: i64,
    #[doc = " default and at most max_batch; an epoch's last batch may be smaller"]
    pub batch: i64,
    #[doc = " of the shuffling"]
    pub seed: u64,
    #[doc = " evaluated after every epoch; NULL: none"]
    pub validation: *const cnn_samples,
    pub progress: cnn_progress_function,
    pub user: *mut std::os::raw::c_void,
    #[doc = " seconds between calls, default 0.1; negative: every step"]
    pub progress_interval: f64,
    pub no_shuffle: i32,
    #[doc = " go on where the optimizer's last fit (or its checkpoint) stopped;"]
    #[doc = "the first fit of an optimizer starts at the start"]
    pub resume: i32,
    pub schedule: cnn_schedule,
    #[doc = " default 0.1 for STEP, 0.9 for EXPONENTIAL"]
    pub schedule_factor: f32,
    #[doc = " epochs; default 1"]
    pub schedule_period: f64,
    pub schedule_floor: f64,
    #[doc = " the rate rises linearly over the first ones"]
    pub warmup_steps: i64,
    #[doc = " of cnn_net_fit_for: begin anew; cnn_net_fit always does"]
    pub restart: i32,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_fit() {
    assert_eq!(
        ::std::mem::size_of::<cnn_fit>(),
        168usize,
        concat!("Size of: ", stringify!(cnn_fit))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_fit>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_fit))
    );
    fn test_field_epochs() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).epochs) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(epochs)
            )
        );
    }
    test_field_epochs();
    fn test_field_batch() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).batch) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(batch)
            )
        );
    }
    test_field_batch();
    fn test_field_seed() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seed) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(seed)
            )
        );
    }
    test_field_seed();
    fn test_field_validation() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).validation) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(validation)
            )
        );
    }
    test_field_validation();
    fn test_field_progress() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).progress) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(progress)
            )
        );
    }
    test_field_progress();
    fn test_field_user() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).user) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(user)
            )
        );
    }
    test_field_user();
    fn test_field_progress_interval() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).progress_interval) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(progress_interval)
            )
        );
    }
    test_field_progress_interval();
    fn test_field_no_shuffle() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).no_shuffle) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(no_shuffle)
            )
        );
    }
    test_field_no_shuffle();
    fn test_field_resume() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).resume) as usize - ptr as usize
            },
            60usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(resume)
            )
        );
    }
    test_field_resume();
    fn test_field_schedule() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).schedule) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(schedule)
            )
        );
    }
    test_field_schedule();
    fn test_field_schedule_factor() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).schedule_factor) as usize - ptr as usize
            },
            68usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(schedule_factor)
            )
        );
    }
    test_field_schedule_factor();
    fn test_field_schedule_period() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).schedule_period) as usize - ptr as usize
            },
            72usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(schedule_period)
            )
        );
    }
    test_field_schedule_period();
    fn test_field_schedule_floor() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).schedule_floor) as usize - ptr as usize
            },
            80usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(schedule_floor)
            )
        );
    }
    test_field_schedule_floor();
    fn test_field_warmup_steps() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).warmup_steps) as usize - ptr as usize
            },
            88usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(warmup_steps)
            )
        );
    }
    test_field_warmup_steps();
    fn test_field_restart() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).restart) as usize - ptr as usize
            },
            96usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(restart)
            )
        );
    }
    test_field_restart();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            100usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_fit>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            104usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_fit),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_fit {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " Out: what a fit did."]
#[repr(C)]
pub struct cnn_report {
    #[doc = " completed in this call"]
    pub epochs: i64,
    pub steps: i64,
    #[doc = " mean over the last epoch"]
    pub loss: f64,
    #[doc = " after the last epoch; NaN without validation"]
    pub validation_loss: f64,
    #[doc = " likewise; -1"]
    pub validation_accuracy: f64,
    pub seconds: f64,
    #[doc = " of training alone, validation and callbacks not counted"]
    pub samples_per_second: f64,
    pub reserved: [i64; 9usize],
}
#[test]
fn bindgen_test_layout_cnn_report() {
    assert_eq!(
        ::std::mem::size_of::<cnn_report>(),
        128usize,
        concat!("Size of: ", stringify!(cnn_report))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_report>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_report))
    );
    fn test_field_epochs() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).epochs) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_report),
                "::",
                stringify!(epochs)
            )
        );
    }
    test_field_epochs();
    fn test_field_steps() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).steps) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_report),
                "::",
                stringify!(steps)
            )
        );
    }
    test_field_steps();
    fn test_field_loss() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).loss) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_report),
                "::",
                stringify!(loss)
            )
        );
    }
    test_field_loss();
    fn test_field_validation_loss() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).validation_loss) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_report),
                "::",
                stringify!(validation_loss)
            )
        );
    }
    test_field_validation_loss();
    fn test_field_validation_accuracy() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).validation_accuracy) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_report),
                "::",
                stringify!(validation_accuracy)
            )
        );
    }
    test_field_validation_accuracy();
    fn test_field_seconds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seconds) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_report),
                "::",
                stringify!(seconds)
            )
        );
    }
    test_field_seconds();
    fn test_field_samples_per_second() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).samples_per_second) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_report),
                "::",
                stringify!(samples_per_second)
            )
        );
    }
    test_field_samples_per_second();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_report),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_report {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " Trains for a number of epochs over the samples, shuffled anew each epoch by seed. The same seed,"]
    #[doc = "  plan and samples give the same bits, also across cancel or a checkpoint, and resume."]
    #[doc = "  CNN_CANCELLED when the callback asks: parameters are those of the last step. CNN_NOT_FINITE"]
    #[doc = " names the step: parameters are those before it. report is nullable, and written in both cases"]
    #[doc = " too."]
    pub fn cnn_net_fit(
        net: *mut cnn_net,
        optimizer: *mut cnn_optimizer,
        samples: *const cnn_samples,
        options: *const cnn_fit,
        report: *mut cnn_report,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " cnn_net_fit in instalments: does as much as fits into so many microseconds, as cnn_net_run_for"]
    #[doc = "  does, and goes on at the next call where it stopped, also within a step; parameters change only"]
    #[doc = "  as a step ends, and are then the same bits as cnn_net_fit's. Also microseconds as there: 0 plans"]
    #[doc = "  and measures, without a change to parameters, state or steps. The first call binds the optimizer"]
    #[doc = "  to the net and takes its states' memory, also where it fails or has no time. options is as of"]
    #[doc = "  fit, nullable, and may change from call to call; epochs 0: without end, for a host that learns"]
    #[doc = "  on line (then CNN_SCHEDULE_COSINE is CNN_INVALID_ARGUMENT, progress has epochs, steps and"]
    #[doc = "  fraction 0, and a call without limit ends by cnn_net_cancel or the callback alone). The update"]
    #[doc = "  of the parameters is one piece; so are 512 elements of an epoch's order. An epoch's validation"]
    #[doc = "  is budgeted too."]
    #[doc = ""]
    #[doc = "  The samples may change from call to call (a replay buffer): a step reads its own as it begins,"]
    #[doc = "  and only those are checked; another count, or another batch, begins a new epoch with the next"]
    #[doc = "  step. A change of parameters, of state or of what is frozen makes the step under way begin anew,"]
    #[doc = "  with the same samples' numbers. Where it stands belongs to the optimizer, as with"]
    #[doc = " cnn_fit.resume: a first call, one after the last epoch, with another optimizer, or after that was"]
    #[doc = " used by cnn_net_fit, loaded or reset, begins at the first epoch, or with resume where the"]
    #[doc = " optimizer stopped. Training in between works on other memory; CNN_GRADIENT is left alone."]
    #[doc = ""]
    #[doc = "  CNN_CANCELLED (by the callback or cnn_net_cancel) and CNN_NOT_FINITE leave the parameters of the"]
    #[doc = "  last step; the next call goes on with the step that failed. progress is nullable, written in"]
    #[doc = "  those cases too; in it step counts this call's, seconds and samples_per_second are of all calls"]
    #[doc = "  of this fit."]
    pub fn cnn_net_fit_for(
        net: *mut cnn_net,
        optimizer: *mut cnn_optimizer,
        samples: *const cnn_samples,
        options: *const cnn_fit,
        microseconds: f64,
        progress: *mut cnn_progress,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[doc = " Why a minimisation ended."]
pub type cnn_stop = i32;
#[doc = " it didn't begin"]
pub const CNN_STOP_NONE: i32 = 0;
#[doc = " gradient_tolerance"]
pub const CNN_STOP_GRADIENT: i32 = 1;
#[doc = " step_tolerance"]
pub const CNN_STOP_STEP: i32 = 2;
#[doc = " value_tolerance"]
pub const CNN_STOP_VALUE: i32 = 3;
#[doc = " No lower point was found: a minimum to rounding, or derivatives that don't fit the value. Of"]
#[doc = "  CNN_HEUN also where its two gradients cancel, so that it stays at what is no minimum."]
pub const CNN_STOP_NO_DECREASE: i32 = 4;
#[doc = " No lower point was found: a minimum to rounding, or derivatives that don't fit the value. Of"]
#[doc = "  CNN_HEUN also where its two gradients cancel, so that it stays at what is no minimum."]
pub const CNN_STOP_ITERATIONS: i32 = 5;
#[doc = " No lower point was found: a minimum to rounding, or derivatives that don't fit the value. Of"]
#[doc = "  CNN_HEUN also where its two gradients cancel, so that it stays at what is no minimum."]
pub const CNN_STOP_EVALUATIONS: i32 = 6;
#[doc = " No lower point was found: a minimum to rounding, or derivatives that don't fit the value. Of"]
#[doc = "  CNN_HEUN also where its two gradients cancel, so that it stays at what is no minimum."]
pub const CNN_STOP_TIME: i32 = 7;
#[doc = " with CNN_CANCELLED"]
pub const CNN_STOP_CANCELLED: i32 = 8;
#[doc = " with CNN_NOT_FINITE"]
pub const CNN_STOP_NOT_FINITE: i32 = 9;
#[doc = " with another status"]
pub const CNN_STOP_FAILED: i32 = 10;
#[doc = " How a minimisation stands, given to a callback at the start and after each iteration."]
#[repr(C)]
pub struct cnn_minimize_progress {
    #[doc = " 0: the start"]
    pub iteration: i64,
    pub evaluations: i64,
    pub gradient_evaluations: i64,
    pub value: f64,
    #[doc = " largest magnitude of an element"]
    pub gradient_norm: f64,
    #[doc = " 2-norm"]
    pub step_norm: f64,
    #[doc = " lambda, where the optimizer has one"]
    pub damping: f64,
    pub seconds: f64,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_minimize_progress() {
    assert_eq!(
        ::std::mem::size_of::<cnn_minimize_progress>(),
        128usize,
        concat!("Size of: ", stringify!(cnn_minimize_progress))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_minimize_progress>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_minimize_progress))
    );
    fn test_field_iteration() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).iteration) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_progress),
                "::",
                stringify!(iteration)
            )
        );
    }
    test_field_iteration();
    fn test_field_evaluations() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).evaluations) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_progress),
                "::",
                stringify!(evaluations)
            )
        );
    }
    test_field_evaluations();
    fn test_field_gradient_evaluations() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).gradient_evaluations) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_progress),
                "::",
                stringify!(gradient_evaluations)
            )
        );
    }
    test_field_gradient_evaluations();
    fn test_field_value() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).value) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_progress),
                "::",
                stringify!(value)
            )
        );
    }
    test_field_value();
    fn test_field_gradient_norm() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).gradient_norm) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_progress),
                "::",
                stringify!(gradient_norm)
            )
        );
    }
    test_field_gradient_norm();
    fn test_field_step_norm() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).step_norm) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_progress),
                "::",
                stringify!(step_norm)
            )
        );
    }
    test_field_step_norm();
    fn test_field_damping() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).damping) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_progress),
                "::",
                stringify!(damping)
            )
        );
    }
    test_field_damping();
    fn test_field_seconds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seconds) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_progress),
                "::",
                stringify!(seconds)
            )
        );
    }
    test_field_seconds();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_progress>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_progress),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_minimize_progress {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " Non-zero cancels. May not use the optimizers but for reading: setting a key or resetting gives"]
#[doc = "  CNN_BUSY, destroying does nothing."]
pub type cnn_minimize_function = ::std::option::Option<
    unsafe extern "C" fn(
        progress: *const cnn_minimize_progress,
        user: *mut std::os::raw::c_void,
    ) -> i32,
>;
#[doc = " When to stop. For tolerances a negative value is a literal zero: never met. A limit that is"]
#[doc = "  reached is success."]
#[repr(C)]
pub struct cnn_minimize_options {
    #[doc = " Stop where max |g_i| is at most this, default 1e-8 in double and 1e-6 in float. By"]
    #[doc = "  Levenberg-Marquardt: where the largest cosine of an angle between the residuals and a column"]
    #[doc = "  of their Jacobian is, default 2e-14 and 1e-5."]
    pub gradient_tolerance: f64,
    #[doc = " |step| <= this |x|; default the rounding unit (2e-16 or 1e-7)"]
    pub step_tolerance: f64,
    #[doc = " three times in a row f fell by at most this |f|; default likewise"]
    pub value_tolerance: f64,
    #[doc = " default 1000; negative: no limit"]
    pub max_iterations: i64,
    #[doc = " of values, with or without gradients; default and"]
    #[doc = "negative: no limit"]
    pub max_evaluations: i64,
    #[doc = " default and negative: no limit"]
    pub seconds: f64,
    pub progress: cnn_minimize_function,
    pub user: *mut std::os::raw::c_void,
    #[doc = " Takes over for good where the first optimizer stalls: its value fell by less than"]
    #[doc = "  stall_tolerance |f| (default 1e-3) in stall_iterations (default 10), or it stopped by step,"]
    #[doc = "  value or for want of a decrease (Hedberg 8). NULL: none."]
    pub then: *mut cnn_optimizer,
    #[doc = " negative: by step, value and want of a decrease alone"]
    pub stall_iterations: i64,
    #[doc = " negative: only where the value rose, over stall_iterations"]
    pub stall_tolerance: f64,
    #[doc = " Only of a net: the names of the tensors that move, or of nodes for all of theirs; the others"]
    #[doc = "  stay as they are. NULL, with count 0: all; one without the other is CNN_INVALID_ARGUMENT."]
    #[doc = "  Those frozen by cnn_net_set_rate stay in any case."]
    pub tensors: *const *const std::os::raw::c_char,
    pub tensor_count: i64,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_minimize_options() {
    assert_eq!(
        ::std::mem::size_of::<cnn_minimize_options>(),
        168usize,
        concat!("Size of: ", stringify!(cnn_minimize_options))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_minimize_options>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_minimize_options))
    );
    fn test_field_gradient_tolerance() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).gradient_tolerance) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(gradient_tolerance)
            )
        );
    }
    test_field_gradient_tolerance();
    fn test_field_step_tolerance() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).step_tolerance) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(step_tolerance)
            )
        );
    }
    test_field_step_tolerance();
    fn test_field_value_tolerance() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).value_tolerance) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(value_tolerance)
            )
        );
    }
    test_field_value_tolerance();
    fn test_field_max_iterations() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).max_iterations) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(max_iterations)
            )
        );
    }
    test_field_max_iterations();
    fn test_field_max_evaluations() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).max_evaluations) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(max_evaluations)
            )
        );
    }
    test_field_max_evaluations();
    fn test_field_seconds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seconds) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(seconds)
            )
        );
    }
    test_field_seconds();
    fn test_field_progress() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).progress) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(progress)
            )
        );
    }
    test_field_progress();
    fn test_field_user() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).user) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(user)
            )
        );
    }
    test_field_user();
    fn test_field_then() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).then) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(then)
            )
        );
    }
    test_field_then();
    fn test_field_stall_iterations() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).stall_iterations) as usize - ptr as usize
            },
            72usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(stall_iterations)
            )
        );
    }
    test_field_stall_iterations();
    fn test_field_stall_tolerance() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).stall_tolerance) as usize - ptr as usize
            },
            80usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(stall_tolerance)
            )
        );
    }
    test_field_stall_tolerance();
    fn test_field_tensors() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).tensors) as usize - ptr as usize
            },
            88usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(tensors)
            )
        );
    }
    test_field_tensors();
    fn test_field_tensor_count() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).tensor_count) as usize - ptr as usize
            },
            96usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(tensor_count)
            )
        );
    }
    test_field_tensor_count();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            104usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_options),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_minimize_options {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " Out: what a minimisation did; value and norms are those at x as returned."]
#[repr(C)]
pub struct cnn_minimize_report {
    pub reason: cnn_stop,
    pub reserved32: i32,
    pub iterations: i64,
    #[doc = " of the value, those that gave the gradient too included"]
    pub evaluations: i64,
    #[doc = " of gradients or Jacobians"]
    pub gradient_evaluations: i64,
    #[doc = " with the Gauss-Newton matrix"]
    pub products: i64,
    #[doc = " of conjugate gradients or of a quasi-Newton matrix"]
    pub restarts: i64,
    #[doc = " the iteration at which `then` took over; -1: it didn't"]
    pub handed_over: i64,
    #[doc = " Of Levenberg-Marquardt: how many singular values of the Jacobian at the end, its columns"]
    #[doc = "  scaled, are above the cut-off told there; -1: unknown, as by other optimizers or of more"]
    #[doc = " than 512 parameters."]
    pub rank: i64,
    pub start_value: f64,
    pub value: f64,
    #[doc = " largest magnitude of an element"]
    pub gradient_norm: f64,
    #[doc = " 2-norm of the last step"]
    pub step_norm: f64,
    #[doc = " the last lambda"]
    pub damping: f64,
    #[doc = " Of the Jacobian at the end, its columns scaled to one length: the largest singular value by"]
    #[doc = "  the smallest, where above 1e5, else an estimate in the 1-norm; infinite where the smallest"]
    #[doc = " is 0 or there are fewer residuals than parameters. 0: unknown, as rank."]
    pub condition: f64,
    pub seconds: f64,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_minimize_report() {
    assert_eq!(
        ::std::mem::size_of::<cnn_minimize_report>(),
        184usize,
        concat!("Size of: ", stringify!(cnn_minimize_report))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_minimize_report>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_minimize_report))
    );
    fn test_field_reason() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reason) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(reason)
            )
        );
    }
    test_field_reason();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_iterations() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).iterations) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(iterations)
            )
        );
    }
    test_field_iterations();
    fn test_field_evaluations() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).evaluations) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(evaluations)
            )
        );
    }
    test_field_evaluations();
    fn test_field_gradient_evaluations() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).gradient_evaluations) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(gradient_evaluations)
            )
        );
    }
    test_field_gradient_evaluations();
    fn test_field_products() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).products) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(products)
            )
        );
    }
    test_field_products();
    fn test_field_restarts() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).restarts) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(restarts)
            )
        );
    }
    test_field_restarts();
    fn test_field_handed_over() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).handed_over) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(handed_over)
            )
        );
    }
    test_field_handed_over();
    fn test_field_rank() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).rank) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(rank)
            )
        );
    }
    test_field_rank();
    fn test_field_start_value() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).start_value) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(start_value)
            )
        );
    }
    test_field_start_value();
    fn test_field_value() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).value) as usize - ptr as usize
            },
            72usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(value)
            )
        );
    }
    test_field_value();
    fn test_field_gradient_norm() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).gradient_norm) as usize - ptr as usize
            },
            80usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(gradient_norm)
            )
        );
    }
    test_field_gradient_norm();
    fn test_field_step_norm() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).step_norm) as usize - ptr as usize
            },
            88usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(step_norm)
            )
        );
    }
    test_field_step_norm();
    fn test_field_damping() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).damping) as usize - ptr as usize
            },
            96usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(damping)
            )
        );
    }
    test_field_damping();
    fn test_field_condition() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).condition) as usize - ptr as usize
            },
            104usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(condition)
            )
        );
    }
    test_field_condition();
    fn test_field_seconds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seconds) as usize - ptr as usize
            },
            112usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(seconds)
            )
        );
    }
    test_field_seconds();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_minimize_report>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            120usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_minimize_report),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_minimize_report {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[doc = " A function of n parameters in double. Either `function`, or `residuals` and"]
#[doc = "  `residual_function`, whose half sum of squares is then the value. Callbacks return 0; anything"]
#[doc = "  else cancels. A value that isn't finite is a point to be avoided: a step that leads there is"]
#[doc = "  shortened."]
#[repr(C)]
pub struct cnn_problem {
    pub parameters: i64,
    #[doc = " Gives the value at x and, where gradient isn't NULL, all n elements of the gradient."]
    pub function: ::std::option::Option<
        unsafe extern "C" fn(
            n: i64,
            x: *const f64,
            value: *mut f64,
            gradient: *mut f64,
            user: *mut std::os::raw::c_void,
        ) -> i32,
    >,
    #[doc = " m"]
    pub residuals: i64,
    #[doc = " Gives the m residuals and, where jacobian isn't NULL, dr_i/dx_j at jacobian[i * n + j]."]
    pub residual_function: ::std::option::Option<
        unsafe extern "C" fn(
            m: i64,
            n: i64,
            x: *const f64,
            residuals: *mut f64,
            jacobian: *mut f64,
            user: *mut std::os::raw::c_void,
        ) -> i32,
    >,
    pub user: *mut std::os::raw::c_void,
    #[doc = " 1: derivatives are central differences, 2 n evaluations each that the report doesn't count,"]
    #[doc = "  and the callbacks are never asked for them."]
    pub numeric_derivatives: i32,
    pub reserved32: i32,
    #[doc = " residuals in a sample, for CNN_NORM_RESIDUAL; default 1"]
    pub residual_group: i64,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_problem() {
    assert_eq!(
        ::std::mem::size_of::<cnn_problem>(),
        120usize,
        concat!("Size of: ", stringify!(cnn_problem))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_problem>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_problem))
    );
    fn test_field_parameters() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_problem>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).parameters) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_problem),
                "::",
                stringify!(parameters)
            )
        );
    }
    test_field_parameters();
    fn test_field_function() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_problem>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).function) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_problem),
                "::",
                stringify!(function)
            )
        );
    }
    test_field_function();
    fn test_field_residuals() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_problem>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).residuals) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_problem),
                "::",
                stringify!(residuals)
            )
        );
    }
    test_field_residuals();
    fn test_field_residual_function() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_problem>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).residual_function) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_problem),
                "::",
                stringify!(residual_function)
            )
        );
    }
    test_field_residual_function();
    fn test_field_user() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_problem>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).user) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_problem),
                "::",
                stringify!(user)
            )
        );
    }
    test_field_user();
    fn test_field_numeric_derivatives() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_problem>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).numeric_derivatives) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_problem),
                "::",
                stringify!(numeric_derivatives)
            )
        );
    }
    test_field_numeric_derivatives();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_problem>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            44usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_problem),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_residual_group() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_problem>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).residual_group) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_problem),
                "::",
                stringify!(residual_group)
            )
        );
    }
    test_field_residual_group();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_problem>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_problem),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_problem {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " Minimises the problem from x, n doubles, which become the best point found; on the calling"]
    #[doc = "  thread, in double. The optimizer gives its hyper-parameters and is left as it was; L2 and decay"]
    #[doc = "  of a first-order rule act on all parameters. options and report are nullable. Success whatever"]
    #[doc = "  stopped it, but for CNN_CANCELLED by a callback and CNN_NOT_FINITE at the start or where no step"]
    #[doc = "  leads to a finite value: x is then the best point so far and the report is written too."]
    #[doc = "  CNN_UNSUPPORTED: the optimizer needs residuals that the problem hasn't. CNN_OUT_OF_RANGE for"]
    #[doc = "  more than 2^36 parameters or residuals; CNN_OUT_OF_MEMORY names the parameters' number."]
    pub fn cnn_minimize(
        optimizer: *mut cnn_optimizer,
        problem: *const cnn_problem,
        x: *mut f64,
        options: *const cnn_minimize_options,
        report: *mut cnn_minimize_report,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Minimises the net's loss over all samples, evaluated in batches of max_batch, by any kind of"]
    #[doc = "  optimizer from the parameters as they are, which become the best point found. Batch norm is on"]
    #[doc = "  its running statistics, which stay, and dropout off. The value includes the optimizer's"]
    #[doc = " penalties CNN_L2 and CNN_L1, with their factors and centre (after a hand-over to `then` still"]
    #[doc = " those of the first). Levenberg-Marquardt needs losses that are sums of squares and no L1; a"]
    #[doc = " first-order rule takes steps on the whole data and starts without state; the optimizer is left as"]
    #[doc = " it was and bound to no net. The progress callback may do what cnn_fit's may; it and"]
    #[doc = " cnn_net_cancel cancel. Success whatever stopped it, but for CNN_CANCELLED and CNN_NOT_FINITE,"]
    #[doc = " where parameters are the best so far and the report is written too. CNN_UNSUPPORTED names the"]
    #[doc = " loss or the layer without what the optimizer needs."]
    pub fn cnn_net_minimize(
        net: *mut cnn_net,
        optimizer: *mut cnn_optimizer,
        samples: *const cnn_samples,
        options: *const cnn_minimize_options,
        report: *mut cnn_minimize_report,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " The error curve (Hedberg 8): values[i] = the loss over all samples at theta + alphas[i] d, as"]
    #[doc = "  cnn_net_minimize sees it, without penalties. direction is d, as long as theta, or NULL, with"]
    #[doc = "  elements 0, for minus the gradient. theta stays as it is. CNN_OUT_OF_RANGE for an alpha that"]
    #[doc = "  isn't finite."]
    pub fn cnn_net_error_curve(
        net: *mut cnn_net,
        samples: *const cnn_samples,
        direction: *const f32,
        elements: i64,
        alphas: *const f64,
        values: *mut f64,
        count: i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[doc = " Gives y = A v for v of n elements; or y = M^-1 v, of a preconditioner M. Non-zero cancels."]
pub type cnn_product_function = ::std::option::Option<
    unsafe extern "C" fn(
        n: i64,
        v: *const f64,
        y: *mut f64,
        user: *mut std::os::raw::c_void,
    ) -> i32,
>;
extern "C" {
    #[doc = " Solves A x = b for a symmetric positive definite A that is given by its products, by conjugate"]
    #[doc = "  gradients from x (Hedberg 156-161); preconditioned where preconditioner isn't NULL (6.3)."]
    #[doc = "  Of options gradient_tolerance is |b - A x| relative to |b| (default 1e-10), max_iterations"]
    #[doc = "  defaults to 2 n, seconds and progress serve, value being x^T A x / 2 - b^T x from where it began"]
    #[doc = "  and gradient_norm |b - A x|; the rest isn't looked at. Ends with CNN_STOP_NO_DECREASE where A"]
    #[doc = "  shows not to be positive definite. The report counts products."]
    pub fn cnn_conjugate_gradient(
        n: i64,
        product: cnn_product_function,
        preconditioner: cnn_product_function,
        user: *mut std::os::raw::c_void,
        b: *const f64,
        x: *mut f64,
        options: *const cnn_minimize_options,
        report: *mut cnn_minimize_report,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[doc = " The flat vectors of a net, float32, each the concatenation of its tensors in canonical order"]
#[doc = "  (nodes in the order of adding; weight before bias, scale before shift) and row-major layout."]
pub type cnn_vector = i32;
#[doc = " theta"]
pub const CNN_PARAMETERS: i32 = 0;
#[doc = " of the latest loss_gradient, backward or train_step; as theta"]
pub const CNN_GRADIENT: i32 = 1;
#[doc = " not trained: running statistics, losses' output weights"]
pub const CNN_STATE: i32 = 2;
extern "C" {
    #[doc = " Elements of a vector; -1 for a NULL net or an unknown vector."]
    pub fn cnn_net_vector_elements(net: *const cnn_net, which: cnn_vector) -> i64;
}
extern "C" {
    #[doc = " Copies a whole vector out. elements must be its count. CNN_GRADIENT needs a net compiled for"]
    #[doc = "  training (CNN_BAD_STATE)."]
    pub fn cnn_net_get_vector(
        net: *mut cnn_net,
        which: cnn_vector,
        values: *mut f32,
        elements: i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Copies a whole vector in. CNN_GRADIENT can't be set."]
    pub fn cnn_net_set_vector(
        net: *mut cnn_net,
        which: cnn_vector,
        values: *const f32,
        elements: i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[doc = " Out: a tensor within a vector."]
#[repr(C)]
pub struct cnn_tensor_info {
    #[doc = " \"conv2d_1/weight\", cut if longer"]
    pub name: [std::os::raw::c_char; 256usize],
    #[doc = " of its first element in the vector"]
    pub offset: i64,
    pub elements: i64,
    pub shape: [i64; 8usize],
    pub rank: i32,
    pub node: cnn_node,
    #[doc = " learning-rate factor; 0: frozen"]
    pub rate: f64,
    #[doc = " factor of every regulariser's lambda"]
    pub regularization: f64,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_tensor_info() {
    assert_eq!(
        ::std::mem::size_of::<cnn_tensor_info>(),
        424usize,
        concat!("Size of: ", stringify!(cnn_tensor_info))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_tensor_info>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_tensor_info))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tensor_info),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_offset() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).offset) as usize - ptr as usize
            },
            256usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tensor_info),
                "::",
                stringify!(offset)
            )
        );
    }
    test_field_offset();
    fn test_field_elements() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).elements) as usize - ptr as usize
            },
            264usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tensor_info),
                "::",
                stringify!(elements)
            )
        );
    }
    test_field_elements();
    fn test_field_shape() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).shape) as usize - ptr as usize
            },
            272usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tensor_info),
                "::",
                stringify!(shape)
            )
        );
    }
    test_field_shape();
    fn test_field_rank() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).rank) as usize - ptr as usize
            },
            336usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tensor_info),
                "::",
                stringify!(rank)
            )
        );
    }
    test_field_rank();
    fn test_field_node() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).node) as usize - ptr as usize
            },
            340usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tensor_info),
                "::",
                stringify!(node)
            )
        );
    }
    test_field_node();
    fn test_field_rate() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).rate) as usize - ptr as usize
            },
            344usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tensor_info),
                "::",
                stringify!(rate)
            )
        );
    }
    test_field_rate();
    fn test_field_regularization() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).regularization) as usize - ptr as usize
            },
            352usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tensor_info),
                "::",
                stringify!(regularization)
            )
        );
    }
    test_field_regularization();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            360usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_tensor_info),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_tensor_info {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " How many tensors a vector has; -1 for a NULL net or an unknown vector."]
    pub fn cnn_net_tensor_count(net: *const cnn_net, which: cnn_vector) -> i32;
}
extern "C" {
    pub fn cnn_net_describe_tensor(
        net: *const cnn_net,
        which: cnn_vector,
        index: i32,
        info: *mut cnn_tensor_info,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Copies one tensor out by its whole name. CNN_NOT_FOUND; CNN_SHAPE_MISMATCH for a wrong count."]
    pub fn cnn_net_get_tensor(
        net: *mut cnn_net,
        which: cnn_vector,
        name: *const std::os::raw::c_char,
        values: *mut f32,
        elements: i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_net_set_tensor(
        net: *mut cnn_net,
        which: cnn_vector,
        name: *const std::os::raw::c_char,
        values: *const f32,
        elements: i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Multiplies the learning rate of a tensor, or of all tensors of the node of that name, by rate"]
    #[doc = "  (>= 0, default 1). 0 freezes: neither step nor decay, and a gradient of 0; freezing and thawing"]
    #[doc = "  plan anew at the next step. Kept in files."]
    pub fn cnn_net_set_rate(
        net: *mut cnn_net,
        name: *const std::os::raw::c_char,
        rate: f64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Multiplies every lambda (CNN_L2, CNN_L1, CNN_WEIGHT_DECAY) by factor for a tensor, or for all"]
    #[doc = "  tensors of the node of that name: a lambda for each group of parameters, as worked gradients has"]
    #[doc = "  it. >= 0; the default is 1 for weights, 0 for biases and batch norm's scale and shift. Kept in"]
    #[doc = "  files."]
    pub fn cnn_net_set_regularization(
        net: *mut cnn_net,
        name: *const std::os::raw::c_char,
        factor: f64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " The centre q0 of the regularisers, (lambda / 2) |theta - q0|^2 (Delmas 3), as long as theta;"]
    #[doc = "  copied. values NULL with elements 0: zero, the default. Nodes added later start at zero. Kept in"]
    #[doc = "  files."]
    pub fn cnn_net_set_center(
        net: *mut cnn_net,
        values: *const f32,
        elements: i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Copies the centre out; zeros where none was set."]
    pub fn cnn_net_get_center(
        net: *mut cnn_net,
        values: *mut f32,
        elements: i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " A new net with the same nodes, parameters and state, not compiled."]
    pub fn cnn_net_clone(
        net: *mut cnn_net,
        clone: *mut *mut cnn_net,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Copies parameters and state from source, whose tensors have the same names and shapes."]
    pub fn cnn_net_copy_parameters(
        net: *mut cnn_net,
        source: *mut cnn_net,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " A new net of the same nodes, not compiled, for running beside others from several threads: all"]
    #[doc = "  nets that were so made from one another share a set of parameters and state, held once on each"]
    #[doc = "  device that some of them are compiled for, packed weights included. Sharing such a net gives"]
    #[doc = "  another of its set; sharing any other copies its parameters and state into a new set, which the"]
    #[doc = "  net itself is not part of (it may be trained on, and handed over)."]
    #[doc = ""]
    #[doc = "  A net of a set runs and evaluates, is described, read, saved, compiled (always as with"]
    #[doc = "  inference_only; 0 there only plans evaluation ahead) and cloned (the clone is an ordinary net)."]
    #[doc = "  Training, minimising, gradients and whatever sets something give CNN_BAD_STATE. Its bits are"]
    #[doc = "  those of an ordinary net with the same parameters compiled with inference_only. Host-defined"]
    #[doc = "  layers must have their callbacks already. Each net still belongs to one thread at a time; no run"]
    #[doc = "  waits for another net of the set. cnn_net_run_for gives CNN_UNSUPPORTED. On OpenCL"]
    #[doc = "  cnn_net_run_async of such a net returns when the run is done, and so does a run whose outputs"]
    #[doc = "  are all the host's own buffers. Any order of destruction is legal; the parameters stay on the"]
    #[doc = "  device that the set was last used on until its last net is destroyed."]
    pub fn cnn_net_share(
        net: *mut cnn_net,
        shared: *mut *mut cnn_net,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Hands the parameters and state of `source` over to all nets of the set of `shared`, at once:"]
    #[doc = "  runs, evaluations, readings, saves and clones that begin after it returns are of the new ones,"]
    #[doc = "  and one that has begun ends with those that it began with. They are copied to each device of the"]
    #[doc = "  set and packed before any run sees them, so that no run does; the old ones keep their memory"]
    #[doc = "  until the last run on them ends. `shared` may be running in another thread, and several threads"]
    #[doc = "  may hand over; source belongs to the caller, who may do it in a callback of cnn_net_fit, too."]
    #[doc = "  Reading, compiling and destroying nets of the set wait for a hand-over in progress, runs don't."]
    #[doc = "  Tensors of other names or shapes give CNN_SHAPE_MISMATCH, a net that shares with none"]
    #[doc = "  CNN_BAD_STATE; a failure leaves what nets run on as it was."]
    pub fn cnn_net_hand_over(
        shared: *mut cnn_net,
        source: *mut cnn_net,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Sets centres and log_betas of the radial basis layer of that name from data: the samples (their"]
    #[doc = "  targets are ignored), at least as many as units, are run up to the layer's input on the device"]
    #[doc = "  that the net is compiled for (else CNN_BAD_STATE), as cnn_net_run would; k-means++ draws the"]
    #[doc = "  centres among what comes there, by `seed` alone, and up to 10 of Lloyd's iterations move them."]
    #[doc = "  Then exp(-1/2) is the Gaussian's value, or the unsquared one's, at s_j, the greater of the root"]
    #[doc = "  mean square distance of the cluster's points and half the distance to the next centre: beta ="]
    #[doc = "  1 / (2 s^2), and 1 / (2 s) for CNN_RADIAL_UNSQUARED; 1 where both are 0. The same samples, seed"]
    #[doc = "  and plan give the same bits. Holds a copy of the net and of what comes there meanwhile."]
    #[doc = "  CNN_NOT_FOUND, CNN_INVALID_ARGUMENT for a node of another kind, CNN_OUT_OF_RANGE for too few"]
    #[doc = "  samples, CNN_NOT_FINITE; then nothing has changed."]
    pub fn cnn_net_init_radial_basis(
        net: *mut cnn_net,
        name: *const std::os::raw::c_char,
        samples: *const cnn_samples,
        seed: u64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct cnn_matrix {
    _unused: [u8; 0],
}
pub type cnn_order = i32;
pub const CNN_ORDER_CHW: i32 = 0;
pub const CNN_ORDER_HWC: i32 = 1;
pub type cnn_vec_order = i32;
#[doc = " row after row: D's vec and sqr, vec(sqr(x)) = x"]
pub const CNN_VEC_ROWS: i32 = 0;
#[doc = " column after column: Lin's vec and mat (5)"]
pub const CNN_VEC_COLUMNS: i32 = 1;
extern "C" {
    #[doc = " mat(v), a dense matrix of a vector of rows * columns elements; D's sqr. rows and columns both 0:"]
    #[doc = "  a square, whose elements must be a perfect square (CNN_SHAPE_MISMATCH). At most 2^32 elements."]
    pub fn cnn_matrix_mat(
        values: *const f32,
        elements: i64,
        rows: i64,
        columns: i64,
        order: cnn_vec_order,
        matrix: *mut *mut cnn_matrix,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " vec(A): every element of A into values, rows * columns of them. With CNN_VEC_ROWS the dense"]
    #[doc = "  row-major form."]
    pub fn cnn_matrix_vec(
        matrix: *const cnn_matrix,
        order: cnn_vec_order,
        values: *mut f32,
        elements: i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " A sparse matrix: row r has the entries row_offsets[r] to row_offsets[r + 1] (rows + 1 of them,"]
    #[doc = "  from 0 to nonzeros), their columns ascending."]
    pub fn cnn_matrix_csr(
        rows: i64,
        columns: i64,
        row_offsets: *const i64,
        column_indices: *const i64,
        values: *const f32,
        nonzeros: i64,
        matrix: *mut *mut cnn_matrix,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " The same arrays of a matrix, of a dense one for its elements that aren't zero. offsets is"]
    #[doc = "  rows + 1 and nonzeros that of cnn_matrix_get_info."]
    pub fn cnn_matrix_get_csr(
        matrix: *const cnn_matrix,
        row_offsets: *mut i64,
        offsets: i64,
        column_indices: *mut i64,
        values: *mut f32,
        nonzeros: i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_matrix_destroy(matrix: *mut cnn_matrix);
}
#[doc = " Out: what a matrix is."]
#[repr(C)]
pub struct cnn_matrix_info {
    pub rows: i64,
    pub columns: i64,
    #[doc = " entries kept by a sparse one; elements of a dense one that aren't zero"]
    pub nonzeros: i64,
    pub sparse: i32,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_matrix_info() {
    assert_eq!(
        ::std::mem::size_of::<cnn_matrix_info>(),
        96usize,
        concat!("Size of: ", stringify!(cnn_matrix_info))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_matrix_info>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_matrix_info))
    );
    fn test_field_rows() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_matrix_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).rows) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_matrix_info),
                "::",
                stringify!(rows)
            )
        );
    }
    test_field_rows();
    fn test_field_columns() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_matrix_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).columns) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_matrix_info),
                "::",
                stringify!(columns)
            )
        );
    }
    test_field_columns();
    fn test_field_nonzeros() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_matrix_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).nonzeros) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_matrix_info),
                "::",
                stringify!(nonzeros)
            )
        );
    }
    test_field_nonzeros();
    fn test_field_sparse() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_matrix_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).sparse) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_matrix_info),
                "::",
                stringify!(sparse)
            )
        );
    }
    test_field_sparse();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_matrix_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            28usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_matrix_info),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_matrix_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_matrix_info),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_matrix_info {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cnn_matrix_get_info(
        matrix: *const cnn_matrix,
        info: *mut cnn_matrix_info,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " y = A x, or y = A' x where transposed, for each of as many vectors x as there are, one after the"]
    #[doc = "  other. A' gathers, never scatters, so every product gives the same bits each time."]
    pub fn cnn_matrix_multiply(
        matrix: *const cnn_matrix,
        transposed: i32,
        x: *const f32,
        x_elements: i64,
        y: *mut f32,
        y_elements: i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[doc = " Out: the convolution that a conv2d node is."]
#[repr(C)]
pub struct cnn_convolution_info {
    #[doc = " C, H, W"]
    pub input: [i64; 3usize],
    #[doc = " filters, H', W'"]
    pub output: [i64; 3usize],
    #[doc = " height, width; so below"]
    pub kernel: [i64; 2usize],
    pub stride: [i64; 2usize],
    pub dilation: [i64; 2usize],
    #[doc = " top, left, bottom, right, also of CNN_SAME"]
    pub padding: [i64; 4usize],
    pub groups: i64,
    #[doc = " of phi: C * kernel height * kernel width"]
    pub patch_rows: i64,
    #[doc = " its columns: H' W'"]
    pub positions: i64,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_convolution_info() {
    assert_eq!(
        ::std::mem::size_of::<cnn_convolution_info>(),
        216usize,
        concat!("Size of: ", stringify!(cnn_convolution_info))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_convolution_info>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_convolution_info))
    );
    fn test_field_input() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_convolution_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).input) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_convolution_info),
                "::",
                stringify!(input)
            )
        );
    }
    test_field_input();
    fn test_field_output() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_convolution_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).output) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_convolution_info),
                "::",
                stringify!(output)
            )
        );
    }
    test_field_output();
    fn test_field_kernel() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_convolution_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kernel) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_convolution_info),
                "::",
                stringify!(kernel)
            )
        );
    }
    test_field_kernel();
    fn test_field_stride() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_convolution_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).stride) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_convolution_info),
                "::",
                stringify!(stride)
            )
        );
    }
    test_field_stride();
    fn test_field_dilation() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_convolution_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).dilation) as usize - ptr as usize
            },
            80usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_convolution_info),
                "::",
                stringify!(dilation)
            )
        );
    }
    test_field_dilation();
    fn test_field_padding() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_convolution_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).padding) as usize - ptr as usize
            },
            96usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_convolution_info),
                "::",
                stringify!(padding)
            )
        );
    }
    test_field_padding();
    fn test_field_groups() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_convolution_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).groups) as usize - ptr as usize
            },
            128usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_convolution_info),
                "::",
                stringify!(groups)
            )
        );
    }
    test_field_groups();
    fn test_field_patch_rows() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_convolution_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).patch_rows) as usize - ptr as usize
            },
            136usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_convolution_info),
                "::",
                stringify!(patch_rows)
            )
        );
    }
    test_field_patch_rows();
    fn test_field_positions() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_convolution_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).positions) as usize - ptr as usize
            },
            144usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_convolution_info),
                "::",
                stringify!(positions)
            )
        );
    }
    test_field_positions();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_convolution_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            152usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_convolution_info),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_convolution_info {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cnn_net_describe_convolution(
        net: *const cnn_net,
        node: cnn_node,
        info: *mut cnn_convolution_info,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " phi(Z) of each of n samples z, [n, C, H, W], into phi, [n, patch_rows, positions]: column (y, x)"]
    #[doc = "  has the sub-image that the kernel meets there, rows (c, u, v) with u the kernel's row; 0 in the"]
    #[doc = "  padding (Lin 1, any stride, dilation and padding). With one group the convolution is"]
    #[doc = "  W phi(Z) + b 1', W the weight as [filters, patch_rows]."]
    pub fn cnn_net_patches(
        net: *const cnn_net,
        node: cnn_node,
        z: *const f32,
        z_elements: i64,
        phi: *mut f32,
        phi_elements: i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " The sparse 0/1 matrix P with vec(phi(Z)) = P vec(Z) (Lin 4). With CNN_ORDER_HWC both are Lin's"]
    #[doc = "  vec, columns one after the other; with CNN_ORDER_CHW they run row after row, as in memory. A row"]
    #[doc = "  in the padding is empty. The transposed product adds patches up into an image."]
    pub fn cnn_net_patch_matrix(
        net: *const cnn_net,
        node: cnn_node,
        order: cnn_order,
        matrix: *mut *mut cnn_matrix,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[doc = " How cnn_net_conv_matrix gives, and cnn_net_set_conv_matrix takes, a matrix."]
#[repr(C)]
pub struct cnn_conv_matrix {
    #[doc = " of set: the largest residual; default 1e-5, negative: 0"]
    pub tolerance: f64,
    #[doc = " of set: any residual will do, as in D's training loop"]
    pub unchecked: i32,
    #[doc = " of get: all elements; else a sparse one that keeps every connection"]
    pub dense: i32,
    #[doc = " of both vectors"]
    pub order: cnn_order,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_conv_matrix() {
    assert_eq!(
        ::std::mem::size_of::<cnn_conv_matrix>(),
        88usize,
        concat!("Size of: ", stringify!(cnn_conv_matrix))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_conv_matrix>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_conv_matrix))
    );
    fn test_field_tolerance() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv_matrix>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).tolerance) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv_matrix),
                "::",
                stringify!(tolerance)
            )
        );
    }
    test_field_tolerance();
    fn test_field_unchecked() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv_matrix>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).unchecked) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv_matrix),
                "::",
                stringify!(unchecked)
            )
        );
    }
    test_field_unchecked();
    fn test_field_dense() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv_matrix>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).dense) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv_matrix),
                "::",
                stringify!(dense)
            )
        );
    }
    test_field_dense();
    fn test_field_order() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv_matrix>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).order) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv_matrix),
                "::",
                stringify!(order)
            )
        );
    }
    test_field_order();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv_matrix>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv_matrix),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_conv_matrix>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_conv_matrix),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_conv_matrix {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " K to M: the matrix with vec(Y) = M vec(X), Y the convolution of X without bias and activation"]
    #[doc = "  (D; Delmas 37): M[(i,j,k), (a,b,c)] = f[i, a, b + pad - j stride, c + pad - k stride] for taps"]
    #[doc = "  in range (over the dilation), 0 elsewhere and between groups."]
    pub fn cnn_net_conv_matrix(
        net: *mut cnn_net,
        node: cnn_node,
        options: *const cnn_conv_matrix,
        matrix: *mut *mut cnn_matrix,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " In how many places of M each entry of the node's weight is, as many counts as it has elements:"]
    #[doc = "  n_uv = #{y: 0 <= y s + u d - p < H} #{x: 0 <= x s + v d - p < W} of tap (u, v), H' W' without"]
    #[doc = "  padding, times |D_i| where output map i has one kernel for its |D_i| inputs (D, corrected)."]
    pub fn cnn_net_conv_positions(
        net: *const cnn_net,
        node: cnn_node,
        counts: *mut i64,
        elements: i64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " M to K: sets the node's weight to the kernel whose matrix is nearest to M in the sum of squares:"]
    #[doc = "  each entry the mean of M over its n_uv places; one with n_uv = 0 keeps its value (D, corrected)."]
    #[doc = "  *residual (nullable) is |M - M(K)| / |M|, Frobenius's norms. One above the tolerance is refused"]
    #[doc = "  (CNN_OUT_OF_RANGE, telling it, the net unchanged) unless `unchecked`. A gradient step taken on M"]
    #[doc = "  is far from every kernel's matrix (it moves the zeros), and projecting it moves K by 1 / n_uv of"]
    #[doc = "  the step on K: scale the step by n_uv, entry by entry, to follow descent on K."]
    pub fn cnn_net_set_conv_matrix(
        net: *mut cnn_net,
        node: cnn_node,
        matrix: *const cnn_matrix,
        options: *const cnn_conv_matrix,
        residual: *mut f64,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " A new net, not compiled, with that conv2d as the dense layer it is a special case of (Delmas"]
    #[doc = "  34-37): of the same name and activation, its weight the convolution's matrix, its biases those"]
    #[doc = " of the channels repeated, followed by a reshape \"<name>_image\" to the convolution's output. All"]
    #[doc = " else is cloned; nodes after it move up by one, and with them the streams of their dropout."]
    pub fn cnn_net_unroll_conv2d(
        net: *mut cnn_net,
        node: cnn_node,
        unrolled: *mut *mut cnn_net,
        error: *mut cnn_error,
    ) -> cnn_status;
}
#[doc = " Out: a node."]
#[repr(C)]
pub struct cnn_node_info {
    #[doc = " cut if longer"]
    pub name: [std::os::raw::c_char; 256usize],
    #[doc = " \"conv2d\""]
    pub kind: [std::os::raw::c_char; 32usize],
    #[doc = " the first eight"]
    pub inputs: [cnn_node; 8usize],
    pub input_count: i32,
    pub rank: i32,
    #[doc = " of the output, the batch left out; rank 0 for a loss"]
    pub shape: [i64; 8usize],
    #[doc = " elements it owns in theta"]
    pub parameters: i64,
    #[doc = " its place among the outputs of cnn_net_run_many, from 1; 0: none"]
    pub is_output: i32,
    pub reserved32: i32,
    pub reserved: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_cnn_node_info() {
    assert_eq!(
        ::std::mem::size_of::<cnn_node_info>(),
        472usize,
        concat!("Size of: ", stringify!(cnn_node_info))
    );
    assert_eq!(
        ::std::mem::align_of::<cnn_node_info>(),
        8usize,
        concat!("Alignment of ", stringify!(cnn_node_info))
    );
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_info),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_kind() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).kind) as usize - ptr as usize
            },
            256usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_info),
                "::",
                stringify!(kind)
            )
        );
    }
    test_field_kind();
    fn test_field_inputs() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).inputs) as usize - ptr as usize
            },
            288usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_info),
                "::",
                stringify!(inputs)
            )
        );
    }
    test_field_inputs();
    fn test_field_input_count() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).input_count) as usize - ptr as usize
            },
            320usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_info),
                "::",
                stringify!(input_count)
            )
        );
    }
    test_field_input_count();
    fn test_field_rank() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).rank) as usize - ptr as usize
            },
            324usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_info),
                "::",
                stringify!(rank)
            )
        );
    }
    test_field_rank();
    fn test_field_shape() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).shape) as usize - ptr as usize
            },
            328usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_info),
                "::",
                stringify!(shape)
            )
        );
    }
    test_field_shape();
    fn test_field_parameters() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).parameters) as usize - ptr as usize
            },
            392usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_info),
                "::",
                stringify!(parameters)
            )
        );
    }
    test_field_parameters();
    fn test_field_is_output() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).is_output) as usize - ptr as usize
            },
            400usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_info),
                "::",
                stringify!(is_output)
            )
        );
    }
    test_field_is_output();
    fn test_field_reserved32() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved32) as usize - ptr as usize
            },
            404usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_info),
                "::",
                stringify!(reserved32)
            )
        );
    }
    test_field_reserved32();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<cnn_node_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            408usize,
            concat!(
                "Offset of field: ",
                stringify!(cnn_node_info),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
impl Default for cnn_node_info {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    #[doc = " How many nodes; -1 for NULL."]
    pub fn cnn_net_node_count(net: *const cnn_net) -> i32;
}
extern "C" {
    pub fn cnn_net_describe_node(
        net: *const cnn_net,
        node: cnn_node,
        info: *mut cnn_node_info,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " The node of that name, or -CNN_NOT_FOUND."]
    pub fn cnn_net_find_node(net: *const cnn_net, name: *const std::os::raw::c_char) -> cnn_node;
}
extern "C" {
    #[doc = " A table of the net as text, a row a node, into the caller's buffer of `capacity` bytes, cut to"]
    #[doc = "  fit and always terminated; *needed (nullable) is what all of it takes, the end included."]
    #[doc = "  buffer may be NULL when capacity is 0."]
    pub fn cnn_net_summary(
        net: *const cnn_net,
        buffer: *mut std::os::raw::c_char,
        capacity: usize,
        needed: *mut usize,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_net_save(
        net: *mut cnn_net,
        path: *const std::os::raw::c_char,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " Into the caller's memory; *bytes is the size. capacity too small, or data NULL:"]
    #[doc = "  CNN_LIMIT_EXCEEDED with *bytes what it takes."]
    pub fn cnn_net_save_memory(
        net: *mut cnn_net,
        data: *mut std::os::raw::c_void,
        capacity: usize,
        bytes: *mut usize,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_net_save_writer(
        net: *mut cnn_net,
        writer: *const cnn_writer,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_net_load(
        path: *const std::os::raw::c_char,
        net: *mut *mut cnn_net,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_net_load_memory(
        data: *const std::os::raw::c_void,
        bytes: usize,
        net: *mut *mut cnn_net,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_net_load_reader(
        reader: *const cnn_reader,
        net: *mut *mut cnn_net,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_checkpoint_save(
        net: *mut cnn_net,
        optimizer: *mut cnn_optimizer,
        path: *const std::os::raw::c_char,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_checkpoint_save_memory(
        net: *mut cnn_net,
        optimizer: *mut cnn_optimizer,
        data: *mut std::os::raw::c_void,
        capacity: usize,
        bytes: *mut usize,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_checkpoint_save_writer(
        net: *mut cnn_net,
        optimizer: *mut cnn_optimizer,
        writer: *const cnn_writer,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    #[doc = " The optimizer is bound to the net. CNN_NOT_FOUND for a file without an optimizer."]
    pub fn cnn_checkpoint_load(
        path: *const std::os::raw::c_char,
        net: *mut *mut cnn_net,
        optimizer: *mut *mut cnn_optimizer,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_checkpoint_load_memory(
        data: *const std::os::raw::c_void,
        bytes: usize,
        net: *mut *mut cnn_net,
        optimizer: *mut *mut cnn_optimizer,
        error: *mut cnn_error,
    ) -> cnn_status;
}
extern "C" {
    pub fn cnn_checkpoint_load_reader(
        reader: *const cnn_reader,
        net: *mut *mut cnn_net,
        optimizer: *mut *mut cnn_optimizer,
        error: *mut cnn_error,
    ) -> cnn_status;
}
