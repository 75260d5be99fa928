//! Between Rust's types and those of the C interface.

use std::ffi::CString;
use std::os::raw::c_char;
use std::ptr;
use std::time::Duration;

use crate::{Error, Result, Status};

/// An enum of the C interface whose values also come from there: others than those of this version
/// are `Unknown`.
macro_rules! c_enum {
    ($(#[$about:meta])* pub enum $name:ident {
        $($(#[$doc:meta])* $variant:ident = $value:ident,)*
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// A value that this version of the crate doesn't know.
            Unknown(i32),
        }

        impl $name {
            #[allow(dead_code)]
            pub(crate) fn raw(self) -> i32 {
                match self {
                    $($name::$variant => cnn_sys::$value,)*
                    $name::Unknown(value) => value,
                }
            }

            #[allow(dead_code)]
            pub(crate) fn from_raw(value: i32) -> $name {
                match value {
                    $(cnn_sys::$value => $name::$variant,)*
                    _ => $name::Unknown(value),
                }
            }
        }
    };
}
pub(crate) use c_enum;

/// The text of an array that ends with a zero, or with the array.
pub(crate) fn text(array: &[c_char]) -> String {
    let bytes: Vec<u8> = array.iter().take_while(|&&c| c != 0).map(|&c| c as u8).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Text for C; `what` is what it is called.
pub(crate) fn c_text(what: &str, text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| {
        Error::new(Status::InvalidArgument, format!("{} {:?} has a zero byte in it", what, text))
    })
}

/// Text that may be left out: none for an empty one.
pub(crate) fn c_text_or_none(what: &str, text: &str) -> Result<Option<CString>> {
    match text {
        "" => Ok(None),
        _ => c_text(what, text).map(Some),
    }
}

pub(crate) fn pointer(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(ptr::null(), |text| text.as_ptr())
}

/// Sizes too large for C are as large as they can be, which the library then refuses.
pub(crate) fn to_i64(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

pub(crate) fn to_i32(size: usize) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}

pub(crate) fn u64_to_i64(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

pub(crate) fn to_i64s(sizes: &[usize]) -> Vec<i64> {
    sizes.iter().map(|&size| to_i64(size)).collect()
}

pub(crate) fn pair(sizes: [usize; 2]) -> [i64; 2] {
    sizes.map(to_i64)
}

pub(crate) fn four(sizes: [usize; 4]) -> [i64; 4] {
    sizes.map(to_i64)
}

/// Counts that C gives; a negative one, which stands for none, is 0.
pub(crate) fn from_i64(size: i64) -> usize {
    usize::try_from(size).unwrap_or(0)
}

pub(crate) fn from_i32(size: i32) -> usize {
    usize::try_from(size).unwrap_or(0)
}

pub(crate) fn to_u64(size: i64) -> u64 {
    u64::try_from(size).unwrap_or(0)
}

/// An index, where a negative one stands for none.
pub(crate) fn index(value: i64) -> Option<usize> {
    usize::try_from(value).ok()
}

/// The sizes of a shape that C gives.
pub(crate) fn shape(rank: i32, sizes: &[i64]) -> Vec<usize> {
    sizes.iter().take(from_i32(rank)).map(|&size| from_i64(size)).collect()
}

/// A literal zero where zero in C means the default.
pub(crate) fn or_negative(value: f64) -> f64 {
    if value == 0.0 {
        -1.0
    } else {
        value
    }
}

/// No limit is negative in C.
pub(crate) fn limit(value: Option<usize>) -> i64 {
    value.map_or(-1, to_i64)
}

pub(crate) fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

/// A budget of time in microseconds; none is negative.
pub(crate) fn budget(time: Option<Duration>) -> f64 {
    time.map_or(-1.0, |time| 1e6 * seconds(time))
}

/// Microseconds of C's.
pub(crate) fn duration(microseconds: f64) -> Duration {
    // Nothing predicts centuries; and no prediction is worth a panic.
    Duration::from_secs_f64((1e-6 * microseconds).clamp(0.0, 1e9).max(0.0))
}
