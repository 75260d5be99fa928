//! Models and checkpoints: in files, in memory, or through readers and writers.

use std::io::{self, Read, Write};
use std::os::raw::c_void;
use std::path::Path;
use std::ptr;
use std::slice;

use cnn_sys as sys;

use crate::callback;
use crate::device::path_text;
use crate::error::check;
#[allow(unused_imports)] // of the comments
use crate::Status;
use crate::{Net, Optimizer, Result};

/// What a writer's callback gets as `user`.
struct WriterContext<'a> {
    writer: &'a mut dyn Write,
    error: Option<io::Error>,
}

unsafe extern "C" fn write_all(user: *mut c_void, data: *const c_void, bytes: usize) -> i32 {
    callback::catch(1, || {
        // SAFETY: the context lives through the call that calls this, and only this uses it; the
        // data has that many bytes.
        let (context, data) = unsafe {
            let context = &mut *user.cast::<WriterContext<'_>>();
            (context, bytes_of(data, bytes))
        };
        match context.writer.write_all(data) {
            Ok(()) => 0,
            Err(error) => {
                context.error = Some(error);
                1
            }
        }
    })
}

/// # Safety
/// `data` must have `bytes` bytes that nobody writes for as long as `'a`.
unsafe fn bytes_of<'a>(data: *const c_void, bytes: usize) -> &'a [u8] {
    if bytes == 0 {
        return &[];
    }
    // SAFETY: the caller's word.
    unsafe { slice::from_raw_parts(data.cast(), bytes) }
}

/// Calls `save` with a writer in C's form. The writer's own error is the source of the call's.
fn with_writer(
    writer: &mut dyn Write,
    save: impl FnOnce(*const sys::cnn_writer, *mut sys::cnn_error) -> sys::cnn_status,
) -> Result<()> {
    let mut context = WriterContext { writer, error: None };
    let user: *mut WriterContext<'_> = &mut context;
    let raw = sys::cnn_writer { user: user.cast(), write: Some(write_all) };
    check(|error| save(&raw, error)).map_err(|error| error.with_source(context.error.take()))
}

/// What a reader's callback gets as `user`.
struct ReaderContext<'a> {
    reader: &'a mut dyn Read,
    error: Option<io::Error>,
}

unsafe extern "C" fn read_some(
    user: *mut c_void,
    buffer: *mut c_void,
    bytes: usize,
    got: *mut usize,
) -> i32 {
    callback::catch(1, || {
        // SAFETY: the context lives through the call that calls this, and only this uses it; the
        // buffer has that many bytes, which nobody may have written yet.
        let (context, buffer) = unsafe {
            ptr::write_bytes(buffer.cast::<u8>(), 0, bytes);
            let context = &mut *user.cast::<ReaderContext<'_>>();
            (context, slice::from_raw_parts_mut(buffer.cast::<u8>(), bytes))
        };
        loop {
            match context.reader.read(buffer) {
                Ok(count) => {
                    // SAFETY: it is where the count goes. A reader that claims more than there is
                    // room for has a defect; that much isn't there.
                    unsafe { got.write(count.min(bytes)) };
                    return 0;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    context.error = Some(error);
                    return 1;
                }
            }
        }
    })
}

/// Calls `load` with a reader in C's form. The reader's own error is the source of the call's.
fn with_reader(
    reader: &mut dyn Read,
    load: impl FnOnce(*const sys::cnn_reader, *mut sys::cnn_error) -> sys::cnn_status,
) -> Result<()> {
    let mut context = ReaderContext { reader, error: None };
    let user: *mut ReaderContext<'_> = &mut context;
    let raw = sys::cnn_reader { user: user.cast(), read: Some(read_some) };
    check(|error| load(&raw, error)).map_err(|error| error.with_source(context.error.take()))
}

/// Calls `save` twice: for the size, and to fill as much memory.
fn to_bytes(
    mut save: impl FnMut(*mut c_void, usize, *mut usize, *mut sys::cnn_error) -> sys::cnn_status,
) -> Result<Vec<u8>> {
    let mut size = 0;
    match check(|error| save(ptr::null_mut(), 0, &mut size, error)) {
        Err(error) if error.status() == Status::LimitExceeded => {}
        Err(error) => return Err(error),
        Ok(()) => return Ok(Vec::new()),
    }
    let mut bytes = vec![0_u8; size];
    check(|error| save(bytes.as_mut_ptr().cast(), bytes.len(), &mut size, error))?;
    bytes.truncate(size);
    Ok(bytes)
}

/// Calls `load` with where the net goes.
fn loaded(
    load: impl FnOnce(*mut *mut sys::cnn_net, *mut sys::cnn_error) -> sys::cnn_status,
) -> Result<Net> {
    let mut net = ptr::null_mut();
    check(|error| load(&mut net, error))?;
    Ok(Net::from_raw(net))
}

/// Saving and loading. A model is a safetensors file: parameters and state under their names, the
/// network in its metadata. A checkpoint is a model with the optimizer's state and its place within
/// a fit; each loads as the other as far as it goes. Loading checks everything before it uses it. A
/// loaded net isn't compiled.
impl Net {
    /// Saves a model to a path: writes beside it, syncs and renames.
    ///
    /// # Errors
    /// [`Status::Io`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path_text(path.as_ref())?;
        // SAFETY: all pointers are valid for the call; so below.
        check(|error| unsafe { sys::cnn_net_save(self.raw(), path.as_ptr(), error) })
    }

    /// A model in memory.
    ///
    /// # Errors
    /// [`Status::OutOfMemory`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        to_bytes(|data, capacity, bytes, error| {
            // SAFETY: the data has that capacity; so below.
            unsafe { sys::cnn_net_save_memory(self.raw(), data, capacity, bytes, error) }
        })
    }

    /// Saves a model to a writer.
    ///
    /// # Errors
    /// [`Status::Io`], its source being the writer's error.
    pub fn save_to(&self, mut writer: impl Write) -> Result<()> {
        // SAFETY: the writer lives through the call; so below.
        with_writer(&mut writer, |writer, error| unsafe {
            sys::cnn_net_save_writer(self.raw(), writer, error)
        })
    }

    /// Loads a model from a path.
    ///
    /// # Errors
    /// [`Status::Io`]; [`Status::BadFile`] for a damaged or hostile one; [`Status::Incompatible`]
    /// for one of a newer version.
    pub fn load(path: impl AsRef<Path>) -> Result<Net> {
        let path = path_text(path.as_ref())?;
        // SAFETY: as above.
        loaded(|net, error| unsafe { sys::cnn_net_load(path.as_ptr(), net, error) })
    }

    /// Loads a model from memory.
    ///
    /// # Errors
    /// As [`load`](Net::load).
    pub fn from_bytes(bytes: &[u8]) -> Result<Net> {
        // SAFETY: there are as many bytes as told; so below.
        loaded(|net, error| unsafe {
            sys::cnn_net_load_memory(bytes.as_ptr().cast(), bytes.len(), net, error)
        })
    }

    /// Loads a model from a reader, which is read to its end.
    ///
    /// # Errors
    /// As [`load`](Net::load); the source of [`Status::Io`] is the reader's error.
    pub fn load_from(mut reader: impl Read) -> Result<Net> {
        let mut net = ptr::null_mut();
        // SAFETY: the reader lives through the call; so below.
        with_reader(&mut reader, |reader, error| unsafe {
            sys::cnn_net_load_reader(reader, &mut net, error)
        })?;
        Ok(Net::from_raw(net))
    }

    /// Saves a checkpoint to a path.
    ///
    /// # Errors
    /// As [`save`](Net::save); [`Status::BadState`] for an optimizer that is bound to another net.
    pub fn save_checkpoint(&self, optimizer: &Optimizer, path: impl AsRef<Path>) -> Result<()> {
        let path = path_text(path.as_ref())?;
        // SAFETY: as above.
        check(|error| unsafe {
            sys::cnn_checkpoint_save(self.raw(), optimizer.raw(), path.as_ptr(), error)
        })
    }

    /// A checkpoint in memory.
    ///
    /// # Errors
    /// As [`save_checkpoint`](Net::save_checkpoint).
    pub fn checkpoint_to_bytes(&self, optimizer: &Optimizer) -> Result<Vec<u8>> {
        to_bytes(|data, capacity, bytes, error| {
            let (net, optimizer) = (self.raw(), optimizer.raw());
            // SAFETY: as above.
            unsafe { sys::cnn_checkpoint_save_memory(net, optimizer, data, capacity, bytes, error) }
        })
    }

    /// Saves a checkpoint to a writer.
    ///
    /// # Errors
    /// As [`save_checkpoint`](Net::save_checkpoint); the source of [`Status::Io`] is the writer's
    /// error.
    pub fn save_checkpoint_to(&self, optimizer: &Optimizer, mut writer: impl Write) -> Result<()> {
        // SAFETY: as above.
        with_writer(&mut writer, |writer, error| unsafe {
            sys::cnn_checkpoint_save_writer(self.raw(), optimizer.raw(), writer, error)
        })
    }

    /// Loads a checkpoint from a path; the optimizer is bound to the net.
    ///
    /// # Errors
    /// As [`load`](Net::load); [`Status::NotFound`] for a file without an optimizer.
    pub fn load_checkpoint(path: impl AsRef<Path>) -> Result<(Net, Optimizer)> {
        let path = path_text(path.as_ref())?;
        let mut optimizer = ptr::null_mut();
        // SAFETY: as above.
        let net = loaded(|net, error| unsafe {
            sys::cnn_checkpoint_load(path.as_ptr(), net, &mut optimizer, error)
        })?;
        Ok((net, Optimizer::from_raw(optimizer)))
    }

    /// Loads a checkpoint from memory.
    ///
    /// # Errors
    /// As [`load_checkpoint`](Net::load_checkpoint).
    pub fn checkpoint_from_bytes(bytes: &[u8]) -> Result<(Net, Optimizer)> {
        let mut optimizer = ptr::null_mut();
        let net = loaded(|net, error| {
            let (data, size) = (bytes.as_ptr().cast(), bytes.len());
            // SAFETY: as above.
            unsafe { sys::cnn_checkpoint_load_memory(data, size, net, &mut optimizer, error) }
        })?;
        Ok((net, Optimizer::from_raw(optimizer)))
    }

    /// Loads a checkpoint from a reader, which is read to its end.
    ///
    /// # Errors
    /// As [`load_checkpoint`](Net::load_checkpoint).
    pub fn load_checkpoint_from(mut reader: impl Read) -> Result<(Net, Optimizer)> {
        let (mut net, mut optimizer) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: as above.
        with_reader(&mut reader, |reader, error| unsafe {
            sys::cnn_checkpoint_load_reader(reader, &mut net, &mut optimizer, error)
        })?;
        Ok((Net::from_raw(net), Optimizer::from_raw(optimizer)))
    }
}
