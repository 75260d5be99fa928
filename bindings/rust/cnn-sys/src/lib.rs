//! The C interface of libcnn as `bindgen` makes it of `cnn/cnn.h`: every function, structure and
//! constant, under its own name and with the header's comments. The crate `cnn` is the safe one.
//!
//! The library is found in the folder that `CNN_LIB_DIR` names, or else by `pkg-config`; with the
//! feature `static` it is `libcnn.a`.

#![allow(non_camel_case_types, deref_nullptr)]
// The comments are the header's.
#![allow(rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags)]
#![allow(clippy::all)]

include!("bindings.rs");
