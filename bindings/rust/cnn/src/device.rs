//! Devices: where networks compute.

#![allow(clippy::declare_interior_mutable_const)] // of thread_local's own making

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::fmt;
use std::os::raw::{c_char, c_void};
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cnn_sys as sys;

use crate::callback;
use crate::convert::{c_enum, c_text, from_i32, pointer, text, to_i32, to_u64, u64_to_i64};
use crate::error::{check, filled};
use crate::{Error, Result, Status};

/// A place where networks compute: a backend, its memory, and its threads or driver objects.
///
/// Any number of threads may use one. Nets that are compiled for it keep what they need, so it may
/// be dropped before them.
///
/// ```
/// let device = cnn::Device::open("cpu")?;
/// println!("{}", device.info()?.name);
/// # Ok::<(), cnn::Error>(())
/// ```
pub struct Device {
    raw: *mut sys::cnn_device,
}

// SAFETY: the library allows a device to be used from many threads at once.
unsafe impl Send for Device {}
// SAFETY: likewise.
unsafe impl Sync for Device {}

impl Device {
    /// Opens a device by its spec:
    ///
    /// | spec | device |
    /// |---|---|
    /// | `"auto"` | the first OpenCL GPU, else the CPU |
    /// | `"cpu"` | the native CPU backend; never loads OpenCL |
    /// | `"cpu:baseline"`, `"cpu:avx2"`, `"cpu:avx512"` | the same with no more than that instruction set |
    /// | `"opencl"` | the first OpenCL device, GPUs first |
    /// | `"opencl:gpu"`, `"opencl:cpu"` | the first of that type |
    /// | `"opencl:0.1"` | by the indices of platform and device, as [`Device::list`] has them |
    /// | `"reference"` | the plain float64 reference of every operation: slow, to check the others |
    ///
    /// # Errors
    /// [`Status::NotFound`] tells what was found; [`Status::Device`] when a driver fails.
    pub fn open(spec: &str) -> Result<Device> {
        Device::open_with(spec, DeviceOptions::default())
    }

    /// Opens a device with options.
    ///
    /// # Errors
    /// As [`Device::open`].
    pub fn open_with(spec: &str, options: DeviceOptions<'_>) -> Result<Device> {
        let spec = c_text("spec", spec)?;
        with_options(options, |options| {
            let mut raw = ptr::null_mut();
            let _turn = Turn::take();
            // SAFETY: all pointers are valid for the call; hooks live until `released`.
            check(|error| unsafe {
                sys::cnn_device_open(spec.as_ptr(), options, &mut raw, error)
            })?;
            Ok(Device { raw })
        })
    }

    /// Opens a device on the host's own OpenCL, so that [`View::of_memory`](crate::View::of_memory)
    /// and [`ViewMut::of_memory`](crate::ViewMut::of_memory) may be the host's buffers. With a queue
    /// everything runs on it, and what gives no value back returns when it is enqueued; `cnn.h` has
    /// it all, also how memory is shared with OpenGL and Vulkan.
    ///
    /// # Safety
    /// The objects are OpenCL's, of the system's OpenCL library, and live until the device, and all
    /// that was compiled for it, is gone.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] for a null pointer, a device that isn't the context's or a queue
    /// of others; [`Status::Unsupported`] for a queue out of order, or a library built without
    /// OpenCL; [`Status::NotFound`] without an OpenCL library.
    pub unsafe fn open_opencl(lent: OpenCl, options: DeviceOptions<'_>) -> Result<Device> {
        let lent = sys::cnn_opencl {
            context: lent.context,
            device: lent.device,
            queue: lent.queue,
            ..Default::default()
        };
        with_options(options, |options| {
            let mut raw = ptr::null_mut();
            let _turn = Turn::take();
            // SAFETY: the caller's word, and as open_with.
            check(|error| unsafe { sys::cnn_device_open_opencl(&lent, options, &mut raw, error) })?;
            Ok(Device { raw })
        })
    }

    /// Describes the CPU and every OpenCL device of every driver.
    ///
    /// # Errors
    /// [`Status::Device`] when a driver fails.
    pub fn list() -> Result<Vec<DeviceInfo>> {
        let _turn = Turn::take();
        let mut count = 0;
        check(|error| {
            // SAFETY: the error is valid for the call.
            count = unsafe { sys::cnn_device_count(error) };
            if count < 0 {
                -count
            } else {
                sys::CNN_OK
            }
        })?;
        (0..count)
            .map(|index| {
                DeviceInfo::filled(|info, error| {
                    // SAFETY: both are valid for the call.
                    unsafe { sys::cnn_device_describe(index, info, error) }
                })
            })
            .collect()
    }

    /// Describes the device, with the memory that it holds now.
    ///
    /// # Errors
    /// None are known.
    pub fn info(&self) -> Result<DeviceInfo> {
        DeviceInfo::filled(|info, error| {
            // SAFETY: the handle lives as long as `self`.
            unsafe { sys::cnn_device_get_info(self.raw, info, error) }
        })
    }

    pub(crate) fn raw(&self) -> *mut sys::cnn_device {
        self.raw
    }
}

/// A thread's turn to look for devices. OpenCL drivers promise to be asked from several threads at
/// once, but some (PoCL 3.1) aren't ready for it while they start.
struct Turn {
    /// None within a hook of a call that has the turn.
    lock: Option<MutexGuard<'static, ()>>,
}

static TURN: Mutex<()> = Mutex::new(());

thread_local! {
    static HAS_TURN: Cell<bool> = const { Cell::new(false) };
}

impl Turn {
    fn take() -> Turn {
        if HAS_TURN.with(Cell::get) {
            return Turn { lock: None };
        }
        let lock = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        HAS_TURN.with(|has| has.set(true));
        Turn { lock: Some(lock) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.lock.is_some() {
            HAS_TURN.with(|has| has.set(false));
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: it is this handle's only end.
        unsafe { sys::cnn_device_destroy(self.raw) }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = self.info().map(|info| info.spec).unwrap_or_default();
        f.debug_struct("Device").field("spec", &spec).finish_non_exhaustive()
    }
}

c_enum! {
    /// What sort of hardware a device is.
    pub enum DeviceKind {
        /// A processor.
        Cpu = CNN_DEVICE_CPU,
        /// A graphics processor.
        Gpu = CNN_DEVICE_GPU,
        /// Something else, an accelerator.
        Other = CNN_DEVICE_OTHER,
    }
}

/// A device that can be opened, or one that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// What [`Device::open`] takes: `"cpu"`, `"opencl:0.0"`.
    pub spec: String,
    /// `"cpu"`, `"opencl"` or `"reference"`.
    pub backend: String,
    /// Of the hardware, as the driver tells it.
    pub name: String,
    /// Its maker.
    pub vendor: String,
    /// Driver and its version; for the CPU the instruction set in use.
    pub driver: String,
    /// The sort of hardware.
    pub kind: DeviceKind,
    /// Cores, or what the driver counts.
    pub compute_units: usize,
    /// Bytes, 0 where unknown.
    pub memory: u64,
    /// Bytes held for libcnn now; 0 for a device that isn't open.
    pub memory_used: u64,
    /// The most that it held.
    pub memory_peak: u64,
}

impl DeviceInfo {
    fn filled(
        describe: impl FnOnce(*mut sys::cnn_device_info, *mut sys::cnn_error) -> sys::cnn_status,
    ) -> Result<DeviceInfo> {
        let raw = filled(describe)?;
        Ok(DeviceInfo {
            spec: text(&raw.spec),
            backend: text(&raw.backend),
            name: text(&raw.name),
            vendor: text(&raw.vendor),
            driver: text(&raw.driver),
            kind: DeviceKind::from_raw(raw.kind),
            compute_units: from_i32(raw.compute_units),
            memory: to_u64(raw.memory),
            memory_used: to_u64(raw.memory_used),
            memory_peak: to_u64(raw.memory_peak),
        })
    }
}

/// OpenCL objects of the host's own, for [`Device::open_opencl`]: never changed, never released.
#[derive(Clone, Copy, Debug)]
pub struct OpenCl {
    /// A `cl_context`.
    pub context: *mut c_void,
    /// A `cl_device_id` of the context's.
    pub device: *mut c_void,
    /// A `cl_command_queue` of both, in order; null: libcnn makes queues of its own, one a net.
    pub queue: *mut c_void,
}

/// How a device is opened. Hooks are dropped when the last child of the device is gone.
#[derive(Default)]
#[allow(missing_debug_implementations)] // for it has functions
pub struct DeviceOptions<'a> {
    /// Where built programs and tuning are kept; by default nothing is written.
    pub cache_directory: Option<&'a Path>,
    /// Serves every tensor, arena, workspace and packed weight of the device, with alignments up to
    /// 4096; called from any thread. By default mimalloc where it is installed, else the C
    /// library's. A null pointer is told as [`Status::OutOfMemory`].
    pub allocator: Option<Box<dyn GlobalAlloc + Send + Sync>>,
    /// Receives what the library has to tell; nothing is ever printed.
    pub log: Option<Log>,
    /// Bytes the device may hold at once; 0: no limit.
    pub memory_limit: u64,
    /// Threads that compute, the caller's included; 0: one per core.
    pub threads: usize,
    /// The host's own threads in place of the CPU backend's, which then starts none.
    pub parallel_for: Option<Box<ParallelFor>>,
}

/// Runs pieces of the library's work on the host's own threads: calls the task once for each index
/// below the count, on any threads, at once or one after the other. The count is at most
/// [`threads`](DeviceOptions::threads). Called by the thread that computes, so by several at once
/// where several nets run. An index that was left out is done before the call goes on, and one that
/// comes twice isn't done again.
///
/// ```
/// use cnn::{Device, DeviceOptions};
///
/// let device = Device::open_with("cpu", DeviceOptions {
///     threads: 4,
///     parallel_for: Some(Box::new(|count, task| {
///         std::thread::scope(|threads| {
///             for index in 0..count {
///                 threads.spawn(move || task(index));
///             }
///         });
///     })),
///     ..Default::default()
/// })?;
/// # Ok::<(), cnn::Error>(())
/// ```
pub type ParallelFor = dyn Fn(usize, &(dyn Fn(usize) + Sync)) + Send + Sync;

/// How much detail a log gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum LogLevel {
    /// Nothing.
    #[default]
    Silent = sys::CNN_LOG_SILENT,
    /// What failed.
    Error = sys::CNN_LOG_ERROR,
    /// What may be a mistake, too.
    Warning = sys::CNN_LOG_WARNING,
    /// What is done, too.
    Info = sys::CNN_LOG_INFO,
    /// And all else.
    Debug = sys::CNN_LOG_DEBUG,
}

impl LogLevel {
    fn from_raw(level: i32) -> LogLevel {
        match level {
            sys::CNN_LOG_SILENT => LogLevel::Silent,
            sys::CNN_LOG_ERROR => LogLevel::Error,
            sys::CNN_LOG_WARNING => LogLevel::Warning,
            sys::CNN_LOG_INFO => LogLevel::Info,
            _ => LogLevel::Debug,
        }
    }
}

/// A function for the library's messages, called from any thread. A panic in it ends with the
/// library's call, or on a thread of the library's own right there.
pub struct Log {
    level: LogLevel,
    write: LogFunction,
}

type LogFunction = Box<dyn Fn(LogLevel, &str) + Send + Sync>;

impl Log {
    /// Gives messages up to `level` to `write`.
    pub fn new(level: LogLevel, write: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Log {
        Log { level, write: Box::new(write) }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("level", &self.level).finish_non_exhaustive()
    }
}

/// What a device was lent, behind the `user` of all its hooks. It is used from any thread, so only
/// through shared references, until `released` drops it.
struct Hooks {
    allocator: Option<Box<dyn GlobalAlloc + Send + Sync>>,
    log: Option<LogFunction>,
    parallel_for: Option<Box<ParallelFor>>,
}

/// Calls `open` with the options in C's form. Hooks are the device's when it succeeds.
pub(crate) fn with_options<T>(
    options: DeviceOptions<'_>,
    open: impl FnOnce(*const sys::cnn_device_options) -> Result<T>,
) -> Result<T> {
    let cache = options.cache_directory.map(path_text).transpose()?;
    let mut raw = sys::cnn_device_options {
        cache_directory: pointer(&cache),
        memory_limit: u64_to_i64(options.memory_limit),
        threads: to_i32(options.threads),
        ..Default::default()
    };
    if let Some(log) = &options.log {
        raw.log.write = Some(write_log);
        raw.log.level = log.level as i32;
    }
    if options.allocator.is_some() {
        raw.allocator.alloc = Some(allocate);
        raw.allocator.free = Some(deallocate);
    }
    if options.parallel_for.is_some() {
        raw.parallel_for = Some(run_tasks);
    }
    let lends_threads = options.parallel_for.is_some();
    if options.log.is_none() && options.allocator.is_none() && !lends_threads {
        return open(&raw);
    }
    let hooks = Box::into_raw(Box::new(Hooks {
        allocator: options.allocator,
        log: options.log.map(|log| log.write),
        parallel_for: options.parallel_for,
    }));
    raw.log.user = hooks.cast();
    raw.allocator.user = hooks.cast();
    if lends_threads {
        raw.parallel_for_user = hooks.cast();
    }
    raw.released = Some(release_hooks);
    raw.released_user = hooks.cast();
    let opened = open(&raw);
    if opened.is_err() {
        // SAFETY: a device that wasn't opened has nothing that is lent any more.
        drop(unsafe { Box::from_raw(hooks) });
    }
    opened
}

unsafe extern "C" fn release_hooks(user: *mut c_void) {
    callback::catch((), || {
        // SAFETY: it is what with_options lent, and is given back once.
        drop(unsafe { Box::from_raw(user.cast::<Hooks>()) });
    });
}

unsafe extern "C" fn write_log(user: *mut c_void, level: i32, message: *const c_char) {
    callback::catch((), || {
        // SAFETY: the hooks live until they are released; the message is a string.
        let (hooks, message) = unsafe { (&*user.cast::<Hooks>(), CStr::from_ptr(message)) };
        if let Some(write) = &hooks.log {
            write(LogLevel::from_raw(level), &message.to_string_lossy());
        }
    });
}

/// No size of zero, which `GlobalAlloc` doesn't take.
fn layout(size: usize, align: usize) -> Option<Layout> {
    Layout::from_size_align(size.max(1), align).ok()
}

unsafe extern "C" fn allocate(user: *mut c_void, size: usize, align: usize) -> *mut c_void {
    callback::catch(ptr::null_mut(), || {
        // SAFETY: the hooks live until they are released.
        let hooks = unsafe { &*user.cast::<Hooks>() };
        match (&hooks.allocator, layout(size, align)) {
            // SAFETY: the layout isn't empty.
            (Some(allocator), Some(layout)) => unsafe { allocator.alloc(layout).cast() },
            _ => ptr::null_mut(),
        }
    })
}

unsafe extern "C" fn deallocate(user: *mut c_void, block: *mut c_void, size: usize, align: usize) {
    callback::catch((), || {
        // SAFETY: the hooks live until they are released.
        let hooks = unsafe { &*user.cast::<Hooks>() };
        if let (Some(allocator), Some(layout), false) =
            (&hooks.allocator, layout(size, align), block.is_null())
        {
            // SAFETY: the block came from `allocate` with the same size and alignment.
            unsafe { allocator.dealloc(block.cast(), layout) }
        }
    });
}

/// The library's tasks of one call: each is done once, whatever the host does.
struct Tasks {
    task: unsafe extern "C" fn(context: *mut c_void, index: i32),
    context: *mut c_void,
    count: usize,
    /// A bit for each that somebody took.
    taken: [AtomicU64; Tasks::MOST / 64],
}

// SAFETY: tasks are made to be called from any thread.
unsafe impl Sync for Tasks {}

impl Tasks {
    /// As many threads as a device may have.
    const MOST: usize = 1024;

    fn run(&self, index: usize) {
        if index >= self.count {
            return;
        }
        if let Some(word) = self.taken.get(index / 64) {
            let bit = 1 << (index % 64);
            if word.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
                // SAFETY: it is one of the tasks, called once while the library waits for it.
                unsafe { (self.task)(self.context, index as i32) }
            }
        }
    }
}

unsafe extern "C" fn run_tasks(
    user: *mut c_void,
    count: i32,
    task: Option<unsafe extern "C" fn(context: *mut c_void, index: i32)>,
    context: *mut c_void,
) {
    let task = match task {
        Some(task) => task,
        None => return,
    };
    let count = from_i32(count);
    let tasks = Tasks { task, context, count, taken: Default::default() };
    callback::catch((), || {
        // SAFETY: the hooks live until they are released.
        let hooks = unsafe { &*user.cast::<Hooks>() };
        if let Some(parallel_for) = &hooks.parallel_for {
            parallel_for(count.min(Tasks::MOST), &|index| tasks.run(index));
        }
    });
    (0..count.min(Tasks::MOST)).for_each(|index| tasks.run(index));
    for index in Tasks::MOST..count {
        // SAFETY: as in Tasks::run, which has no room for these.
        unsafe { task(context, index as i32) }
    }
}

/// A path as C takes it: its bytes, or UTF-8 where paths are made of something else.
pub(crate) fn path_text(path: &Path) -> Result<CString> {
    #[cfg(unix)]
    let bytes = Some(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()));
    #[cfg(not(unix))]
    let bytes = path.to_str().map(str::as_bytes);
    bytes.and_then(|bytes| CString::new(bytes).ok()).ok_or_else(|| {
        Error::new(Status::InvalidArgument, format!("the path {:?} can't be told to C", path))
    })
}
