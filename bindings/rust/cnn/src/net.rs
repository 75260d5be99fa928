//! Networks: making them, compiling them, and what they consist of.

use std::fmt;
use std::marker::PhantomData;
use std::ptr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use cnn_sys as sys;

use crate::callback;
use crate::convert::{
    c_text, c_text_or_none, from_i32, from_i64, index, pointer, shape, text, to_i32, to_i64,
    to_i64s, u64_to_i64,
};
use crate::error::{check, filled};
#[allow(unused_imports)] // of the comments
use crate::Status;
use crate::{Device, Error, Result};

/// A node of a net: a layer, an input or a loss. It is made by the method that adds it; the one of
/// a mistake takes part like any other, for the net keeps the mistake itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub(crate) sys::cnn_node);

impl Node {
    pub(crate) fn from_raw(node: sys::cnn_node) -> Option<Node> {
        (node >= 0).then(|| Node(node))
    }

    /// Its place in its net, in the order of adding; none for a mistake.
    pub fn index(self) -> Option<usize> {
        usize::try_from(self.0).ok()
    }
}

/// The library's net. It is ended by the last of those who hold it, which is the [`Net`] unless a
/// [`Canceller`] is at work on it just then.
pub(crate) struct Handle(*mut sys::cnn_net);

// SAFETY: a net may move between threads. What is shared of it is `cnn_net_cancel` alone, which any
// thread may call; everything else goes through `Net`, which isn't `Sync`.
unsafe impl Send for Handle {}
// SAFETY: likewise.
unsafe impl Sync for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it is the handle's only end.
        unsafe { sys::cnn_net_destroy(self.0) }
    }
}

/// A directed acyclic graph of layers, its parameters and, once compiled, its plan for a device.
///
/// Methods that add a layer give its [`Node`]. A mistake in one is kept in the net, with its whole
/// text; [`compile`](Net::compile) reports it, or [`check`](Net::check) at once. So building reads
/// without a `?` a line:
///
/// ```
/// use cnn::{Activation, Compile, Conv2d, Dense, Device, Loss, Net, Pool2d};
///
/// let mut net = Net::new();
/// let x = net.input("image", &[1, 28, 28]);
/// let h = net.conv2d(x, Conv2d {
///     filters: 8,
///     kernel: [5, 5],
///     activation: Activation::Relu,
///     ..Default::default()
/// });
/// let h = net.max_pool2d(h, Pool2d { window: [2, 2], ..Default::default() });
/// let y = net.dense(h, Dense { units: 10, ..Default::default() });
/// net.loss(y, Loss::SoftmaxCrossEntropy);
/// net.compile(&Device::open("cpu")?, Compile { max_batch: 64, ..Default::default() })?;
/// # Ok::<(), cnn::Error>(())
/// ```
///
/// A net belongs to one thread at a time: it can be sent to another, but not be shared.
///
/// ```compile_fail,E0277
/// fn share<T: Sync>() {}
/// share::<cnn::Net>();
/// ```
pub struct Net {
    handle: Arc<Handle>,
    /// The first mistake, if it was found before the library saw it.
    mistake: Option<Error>,
    not_sync: PhantomData<*const ()>,
}

// SAFETY: a net may be used by any thread, one at a time.
unsafe impl Send for Net {}

/// How a net is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetOptions<'a> {
    /// Kept in files and in the summary; by default "net".
    pub name: &'a str,
    /// Of initial weights and of dropout.
    pub seed: u64,
}

impl Default for Net {
    fn default() -> Net {
        Net::new()
    }
}

impl Net {
    /// Makes an empty net.
    pub fn new() -> Net {
        Net::with(NetOptions::default())
    }

    /// Makes an empty net with a name or a seed.
    pub fn with(options: NetOptions<'_>) -> Net {
        let (name, mistake) = match c_text_or_none("create net: name", options.name) {
            Ok(name) => (name, None),
            Err(error) => (None, Some(error)),
        };
        let raw =
            sys::cnn_net_options { name: pointer(&name), seed: options.seed, ..Default::default() };
        // SAFETY: the options are valid for the call. NULL, for want of memory, is a handle like
        // another: every call that is given it says so.
        let raw = unsafe { sys::cnn_net_create(&raw) };
        Net { mistake, ..Net::from_raw(raw) }
    }

    /// Takes over a handle, which may be NULL.
    pub(crate) fn from_raw(raw: *mut sys::cnn_net) -> Net {
        Net { handle: Arc::new(Handle(raw)), mistake: None, not_sync: PhantomData }
    }

    /// The same net once more, for the callbacks of a call on it.
    pub(crate) fn alias(&self) -> Net {
        Net { handle: self.handle.clone(), mistake: None, not_sync: PhantomData }
    }

    pub(crate) fn raw(&self) -> *mut sys::cnn_net {
        self.handle.0
    }

    /// Keeps a mistake that the library hasn't seen, unless there was one before.
    pub(crate) fn keep(&mut self, mistake: Error) {
        if self.check().is_ok() {
            self.mistake = Some(mistake);
        }
    }

    /// The first mistake made while building.
    ///
    /// # Errors
    /// That one.
    pub fn check(&self) -> Result<()> {
        match &self.mistake {
            Some(mistake) => Err(mistake.clone()),
            // SAFETY: the handle lives as long as `self`.
            None => check(|error| unsafe { sys::cnn_net_error(self.raw(), error) }),
        }
    }

    /// Declares a node an output of [`run`](Net::run); several are in the order of declaration.
    /// Without any, the output is the last node that isn't a loss. Allowed until compile.
    ///
    /// # Errors
    /// For a loss, or a node that isn't there, or after compile.
    pub fn output(&mut self, node: Node) -> Result<()> {
        // SAFETY: the handle lives as long as `self`.
        check(|error| unsafe { sys::cnn_net_output(self.raw(), node.0, error) })
    }

    /// Plans the net for a device: kernels, layouts and memory for every batch up to
    /// [`max_batch`](Compile::max_batch). After it, running and training allocate and compile
    /// nothing; what is rarer is planned at its first use. Nodes can't be added any more. May be
    /// called again, also for another device: parameters, state and optimizers survive.
    ///
    /// # Errors
    /// The first mistake made while building. [`Status::Unsupported`] names a node that the backend
    /// can't do; [`Status::LimitExceeded`] tells what the plan needs.
    pub fn compile(&mut self, device: &Device, options: Compile<'_>) -> Result<&mut Net> {
        if let Some(mistake) = &self.mistake {
            return Err(mistake.clone());
        }
        let batches = to_i64s(options.batches);
        let raw = options.raw(&batches);
        // SAFETY: all pointers are valid for the call.
        check(|error| unsafe { sys::cnn_net_compile(self.raw(), device.raw(), &raw, error) })?;
        Ok(self)
    }

    /// A new net with the same nodes, parameters and state, not compiled. Layers of the host's own
    /// are shared.
    ///
    /// # Errors
    /// [`Status::OutOfMemory`], or the mistake that the net has.
    pub fn try_clone(&self) -> Result<Net> {
        if let Some(mistake) = &self.mistake {
            return Err(mistake.clone());
        }
        let mut clone = ptr::null_mut();
        // SAFETY: the handle lives as long as `self`.
        check(|error| unsafe { sys::cnn_net_clone(self.raw(), &mut clone, error) })?;
        Ok(Net::from_raw(clone))
    }

    /// A new net of the same nodes, not compiled, for running beside others from several threads: all
    /// nets that were so made from one another share a set of parameters and state, held once on
    /// each device. Sharing an ordinary net copies its parameters into a new set, which it isn't part
    /// of. A net of a set runs, evaluates and is read, saved and cloned (to an ordinary net);
    /// whatever would train or change it fails with [`Status::BadState`], and `run_for` with
    /// [`Status::Unsupported`].
    ///
    /// ```
    /// # use std::thread;
    /// # use cnn::{Activation, Compile, Device, Net};
    /// # let device = Device::open("cpu")?;
    /// # let mut net = Net::new();
    /// # let x = net.input("x", &[3]);
    /// # net.activation(x, Activation::Relu);
    /// let publisher = net.share()?;
    /// let mut worker = publisher.share()?;
    /// worker.compile(&device, Compile { inference_only: true, ..Default::default() })?;
    /// thread::spawn(move || worker.run(&[1.0, 2.0, 3.0], &mut [0.0; 3]));
    /// // Train `net` on, and then, while the worker runs:
    /// publisher.hand_over(&net)?;
    /// # Ok::<(), cnn::Error>(())
    /// ```
    ///
    /// # Errors
    /// For a net with a mistake, or with layers of the host's own that lack their code.
    pub fn share(&self) -> Result<Net> {
        if let Some(mistake) = &self.mistake {
            return Err(mistake.clone());
        }
        let mut shared = ptr::null_mut();
        // SAFETY: the handle lives as long as `self`.
        check(|error| unsafe { sys::cnn_net_share(self.raw(), &mut shared, error) })?;
        Ok(Net::from_raw(shared))
    }

    /// Hands the parameters and state of `source` over to all nets that share with this one, at
    /// once: every later run of theirs, in whatever thread, is with the new ones, and one that has
    /// begun ends with those it began with. May be called from the progress function of a fit.
    ///
    /// # Errors
    /// [`Status::ShapeMismatch`] for tensors of other names or shapes; [`Status::BadState`] where
    /// this net shares with none. Nets run on as they did.
    pub fn hand_over(&self, source: &Net) -> Result<()> {
        // SAFETY: both handles live through the call; the nets that share may be in use meanwhile.
        check(|error| unsafe { sys::cnn_net_hand_over(self.raw(), source.raw(), error) })
    }

    /// What stops the call in progress on this net from another thread.
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::downgrade(&self.handle))
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        // SAFETY: the handle lives as long as `self`.
        from_i32(unsafe { sys::cnn_net_node_count(self.raw()) })
    }

    /// Describes a node.
    ///
    /// # Errors
    /// [`Status::OutOfRange`] for one that isn't there.
    pub fn node(&self, node: Node) -> Result<NodeInfo> {
        let raw: sys::cnn_node_info = filled(|info, error| {
            // SAFETY: the handle lives as long as `self`.
            unsafe { sys::cnn_net_describe_node(self.raw(), node.0, info, error) }
        })?;
        let listed = raw.inputs.len().min(from_i32(raw.input_count));
        Ok(NodeInfo {
            node,
            name: text(&raw.name),
            kind: text(&raw.kind),
            inputs: raw.inputs[..listed].iter().map(|&input| Node(input)).collect(),
            input_count: from_i32(raw.input_count),
            shape: shape(raw.rank, &raw.shape),
            parameters: from_i64(raw.parameters),
            output: index(i64::from(raw.is_output) - 1),
        })
    }

    /// Describes all nodes, in the order of adding.
    ///
    /// # Errors
    /// None are known.
    pub fn nodes(&self) -> Result<Vec<NodeInfo>> {
        (0..to_i32(self.node_count())).map(|node| self.node(Node(node))).collect()
    }

    /// The node of that name.
    pub fn find(&self, name: &str) -> Option<Node> {
        let name = c_text("find node", name).ok()?;
        // SAFETY: the handle lives as long as `self`.
        Node::from_raw(unsafe { sys::cnn_net_find_node(self.raw(), name.as_ptr()) })
    }

    /// A table of the net, a line a node; what `{}` prints.
    ///
    /// # Errors
    /// [`Status::OutOfMemory`].
    pub fn summary(&self) -> Result<String> {
        let mut needed = 0;
        // SAFETY: without a buffer the capacity is 0.
        check(|error| unsafe {
            sys::cnn_net_summary(self.raw(), ptr::null_mut(), 0, &mut needed, error)
        })?;
        let mut buffer = vec![0; needed];
        // SAFETY: the buffer has the capacity that is told.
        check(|error| unsafe {
            let to = buffer.as_mut_ptr().cast();
            sys::cnn_net_summary(self.raw(), to, buffer.len(), &mut needed, error)
        })?;
        buffer.truncate(needed.saturating_sub(1));
        Ok(String::from_utf8_lossy(&buffer).into_owned())
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary().map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("nodes", &self.node_count()).finish_non_exhaustive()
    }
}

/// How a net is compiled.
#[derive(Clone, Copy, Debug)]
pub struct Compile<'a> {
    /// The most samples of one step, at most 2^20; by default 1.
    pub max_batch: usize,
    /// Smaller sizes worth a plan of their own.
    pub batches: &'a [usize],
    /// Frees what training wants; then only running works.
    pub inference_only: bool,
    /// Bytes that the plan may take on the device; 0: the device's limit.
    pub memory_limit: u64,
    /// Time to tune the device before, as [`Net::tune`] does, where its cache has nothing of the net
    /// yet; by default none.
    pub tune: Duration,
    /// Whether 3x3 convolutions may run by Winograd's F(4x4, 3x3), faster and less accurate; see
    /// [`Conv2d`](crate::layers::Conv2d). By default not.
    pub accept_winograd_4x4: bool,
}

impl Default for Compile<'_> {
    fn default() -> Self {
        Compile {
            max_batch: 1,
            batches: &[],
            inference_only: false,
            memory_limit: 0,
            tune: Duration::default(),
            accept_winograd_4x4: false,
        }
    }
}

impl Compile<'_> {
    /// In C's form; the batches are its own, which must outlive it.
    pub(crate) fn raw(&self, batches: &[i64]) -> sys::cnn_compile {
        sys::cnn_compile {
            max_batch: to_i64(self.max_batch),
            batches: if batches.is_empty() { ptr::null() } else { batches.as_ptr() },
            batch_count: to_i32(batches.len()),
            inference_only: self.inference_only.into(),
            memory_limit: u64_to_i64(self.memory_limit),
            tune_seconds: self.tune.as_secs_f64(),
            accept: if self.accept_winograd_4x4 { sys::CNN_ACCEPT_WINOGRAD_4X4.into() } else { 0 },
            ..Default::default()
        }
    }
}

/// Stops the call in progress on a net, from any thread; [`Net::canceller`] makes one. It doesn't
/// keep the net.
///
/// ```
/// # let net = cnn::Net::new();
/// let canceller = net.canceller();
/// std::thread::spawn(move || canceller.cancel());
/// ```
#[derive(Clone)]
pub struct Canceller(Weak<Handle>);

impl Canceller {
    /// Asks the call in progress to stop with [`Status::Cancelled`] within one node's time; does
    /// nothing where there is none.
    pub fn cancel(&self) {
        if let Some(handle) = self.0.upgrade() {
            // SAFETY: any thread may call it, and the handle is held.
            callback::scope(|| unsafe { sys::cnn_net_cancel(handle.0) });
        }
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canceller")
    }
}

/// A node, as [`Net::node`] describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeInfo {
    /// Itself.
    pub node: Node,
    /// Its name, cut after 255 bytes.
    pub name: String,
    /// `"conv2d"`; a layer of the host's own has the host's word.
    pub kind: String,
    /// The first eight of its inputs.
    pub inputs: Vec<Node>,
    /// How many inputs it has.
    pub input_count: usize,
    /// Of the output, the batch left out; empty for a loss.
    pub shape: Vec<usize>,
    /// Elements that it owns among the parameters.
    pub parameters: usize,
    /// Its place among the outputs of [`run_many`](Net::run_many), if it is one.
    pub output: Option<usize>,
}

impl NodeInfo {
    /// Elements of one sample of its output; 0 for a loss.
    pub fn elements(&self) -> usize {
        if self.shape.is_empty() {
            0
        } else {
            self.shape.iter().product()
        }
    }
}
