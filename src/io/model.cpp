// What the metadata of a model says, and how a net comes of it.
#include "io/model.h"

#include <cnn/cnn.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/hash.h"
#include "base/text.h"

namespace cnn {

namespace {

constexpr const char *kFormat = "libcnn";
constexpr int64_t kFormatVersion = 1;
constexpr const char *kChecksum = "libcnn_checksum";
constexpr const char *kOptimizerPrefix = "optimizer/";
// Names of nodes' tensors have a slash.
constexpr const char *kCenter = "center";

// More than any net has; what is quadratic in them stays quick.
constexpr size_t kMostNodes = 16384;
// Steps and epochs: sums and products of what a file claims don't overflow.
constexpr int64_t kMostSteps = int64_t{1} << 40;

constexpr const char *kDescription = "the metadata \"network\"";
constexpr const char *kOptimizer = "the metadata \"optimizer\"";

std::string library_version() {
    return text(CNN_VERSION_MAJOR, ".", CNN_VERSION_MINOR, ".", CNN_VERSION_PATCH);
}

template <class... Pieces>
[[noreturn]] void refuse(const Pieces &...pieces) {
    fail(Status::bad_file, text(pieces...));
}

// ---- Writing
// ---------------------------------------------------------------------------------------

void write_list(JsonWriter &out, const std::vector<int32_t> &values) {
    out.open('[');
    for (const int32_t value : values) out.value(int64_t{value});
    out.close(']');
}

void write_text(JsonWriter &out, const char *key, const std::string &value) {
    out.key(key);
    out.value(std::string_view(value));
}

void write_setting(JsonWriter &out, const Setting &setting) {
    if (const auto *sizes = std::get_if<std::vector<int64_t>>(&setting))
        out.list(*sizes);
    else if (const auto *real = std::get_if<double>(&setting))
        out.value(*real);
    else
        out.value(std::get<int64_t>(setting));
}

// What a reader needs to lay out the tensors of a host-defined layer; its code is the host's.
void write_host(JsonWriter &out, const HostRecord &host) {
    out.key("host");
    out.open('{');
    write_text(out, "kind", host.kind);
    out.key("output");
    out.list(host.output.sizes());
    out.key("parameters");
    out.open('[');
    for (const TensorSpec &parameter : host.parameters) {
        out.open('{');
        write_text(out, "name", parameter.name);
        out.key("shape");
        out.list(parameter.shape.sizes());
        out.key("decays");
        out.value(int64_t{parameter.decays});
        out.close('}');
    }
    out.close(']');
    out.close('}');
}

void write_node(JsonWriter &out, const Node &node) {
    out.open('{');
    write_text(out, "kind", node.layer ? node.layer->kind() : node.kind);
    write_text(out, "name", node.name);
    if (node.is_input()) {
        out.key("shape");
        out.list(node.shape.sizes());
    } else {
        out.key("inputs");
        write_list(out, node.inputs);
    }
    if (node.loss) {
        out.key("weight");
        out.value(node.loss_weight);
        if (node.loss_settings.average) {
            out.key("average_outputs");
            out.value(int64_t{1});
        }
        if (node.loss_settings.output_weights != 0) {
            out.key("output_weights");
            out.value(node.loss_settings.output_weights);
        }
    }
    if (node.layer) {
        out.key("settings");
        out.open('{');
        for (const auto &[name, value] : node.settings.entries()) {
            out.key(name);
            write_setting(out, value);
        }
        out.close('}');
    }
    if (node.host) write_host(out, *node.host);
    out.close('}');
}

std::string describe_network(const Session &session) {
    const Net &net = session.net();
    JsonWriter out;
    out.open('{');
    write_text(out, "name", net.name());
    // All of its 64 bits, which JSON's numbers needn't keep.
    write_text(out, "seed", text(net.seed()));
    out.key("steps");
    out.value(session.steps());
    out.key("nodes");
    out.open('[');
    for (const Node &node : net.nodes()) write_node(out, node);
    out.close(']');
    out.key("outputs");
    write_list(out, net.declared_outputs());
    out.key("rates");
    out.open('{');
    for (const NetTensor &tensor : net.parameters()) {
        if (tensor.rate == 1) continue;
        out.key(tensor.name);
        out.value(tensor.rate);
    }
    out.close('}');
    out.key("regularization");
    out.open('{');
    for (const NetTensor &tensor : net.parameters()) {
        if (tensor.regularization == tensor.default_regularization) continue;
        out.key(tensor.name);
        out.value(tensor.regularization);
    }
    out.close('}');
    out.close('}');
    return out.take();
}

std::string describe_optimizer(const Optimizer &optimizer) {
    JsonWriter out;
    out.open('{');
    write_text(out, "kind", optimizer.kind().name());
    out.key("steps");
    out.value(optimizer.steps());
    out.key("values");
    out.open('{');
    for (const KeyInfo &key : optimizer.kind().keys()) {
        out.key(key.name);
        out.value(optimizer[key.key]);
    }
    out.close('}');
    out.key("position");
    out.open('{');
    out.key("epoch");
    out.value(optimizer.position().epoch);
    out.key("step_in_epoch");
    out.value(optimizer.position().step_in_epoch);
    out.key("loss_sum");
    out.value(optimizer.position().loss_sum);
    out.close('}');
    out.close('}');
    return out.take();
}

std::string state_name(size_t index) {
    return text(kOptimizerPrefix, "state_", index);
}

template <class Container>
std::span<const uint8_t> bytes_of(const Container &of) {
    return {reinterpret_cast<const uint8_t *>(of.data()), of.size() * sizeof(*of.data())};
}

// ---- Reading
// ---------------------------------------------------------------------------------------

const std::string &string_of(const Json *json, const std::string &what) {
    const auto *string = json ? json->as<std::string>() : nullptr;
    if (!string) refuse(what, " must be a string");
    // Names are asked for through C strings.
    if (string->find('\0') != std::string::npos) refuse(what, " has a zero byte");
    return *string;
}

int64_t integer_of(const Json *json, int64_t minimum, int64_t maximum, const std::string &what) {
    const auto *integer = json ? json->as<int64_t>() : nullptr;
    if (!integer) refuse(what, " must be an integer");
    if (*integer < minimum || *integer > maximum)
        refuse(what, " is ", *integer, ", but must be ", minimum, " to ", maximum);
    return *integer;
}

double real_of(const Json *json, const std::string &what) {
    if (json) {
        if (const auto *real = json->as<double>()) return *real;
        if (const auto *integer = json->as<int64_t>()) return static_cast<double>(*integer);
        if (const auto *string = json->as<std::string>())
            if (const auto value = parse_double(*string)) return *value;
    }
    refuse(what, " must be a number");
}

const Json::Array &array_of(const Json *json, const std::string &what) {
    const auto *array = json ? json->as<Json::Array>() : nullptr;
    if (!array) refuse(what, " must be a list");
    return *array;
}

const Json::Object &object_of(const Json *json, const std::string &what) {
    const auto *object = json ? json->as<Json::Object>() : nullptr;
    if (!object) refuse(what, " must be an object");
    return *object;
}

std::vector<int64_t> integers_of(const Json *json, const std::string &what) {
    std::vector<int64_t> integers;
    for (const Json &item : array_of(json, what)) {
        const auto *integer = item.as<int64_t>();
        if (!integer) refuse(what, " must be integers");
        integers.push_back(*integer);
    }
    return integers;
}

Shape shape_of(const Json *json, const std::string &what) {
    const std::vector<int64_t> sizes = integers_of(json, what);
    if (sizes.size() > kMaxRank) refuse(what, " has ", sizes.size(), " sizes");
    return Shape(std::span<const int64_t>(sizes));
}

uint64_t seed_of(const Json *json) {
    const std::string &digits = string_of(json, text(kDescription, ": seed"));
    uint64_t seed = 0;
    const char *end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, seed);
    if (result.ec != std::errc() || result.ptr != end)
        refuse(kDescription, ": seed is \"", digits, "\", but must be an integer of 64 bits");
    return seed;
}

// "0.1.0" in an order; -1 for anything else.
int64_t version_number(std::string_view version) {
    int64_t number = 0;
    for (int i = 0; i < 3; ++i) {
        const size_t dot = i < 2 ? version.find('.') : version.size();
        if (dot == std::string_view::npos) return -1;
        const auto part = parse_int(version.substr(0, dot));
        if (!part || *part < 0 || *part > 999) return -1;
        number = number * 1000 + *part;
        version.remove_prefix(std::min(version.size(), dot + 1));
    }
    return number;
}

// What the graph finds wrong is the file's fault.
template <class Body>
void blame_file(const Body &body) {
    try {
        body();
    } catch (const Error &error) {
        if (error.status == Status::incompatible || error.status == Status::out_of_memory) throw;
        fail(Status::bad_file, error.message);
    }
}

}  // namespace

// ---- ModelImage
// ------------------------------------------------------------------------------------

void ModelImage::add(std::string name, const Shape &shape) {
    const auto sizes = shape.sizes();
    headings_.push_back({std::move(name), {sizes.begin(), sizes.end()}});
}

void ModelImage::add_vector(const std::vector<NetTensor> &tensors, std::vector<float> values) {
    for (const NetTensor &tensor : tensors) add(tensor.name, tensor.shape);
    vectors_.push_back(std::move(values));
}

void ModelImage::add_states(Optimizer &optimizer, int64_t parameters) {
    for (size_t i = 0; i < optimizer.states().size(); ++i) {
        add(state_name(i), Shape{parameters});
        std::vector<float> values(static_cast<size_t>(parameters));
        optimizer.states()[i].read(optimizer.states_queue(), 0, values.data(), parameters);
        vectors_.push_back(std::move(values));
    }
}

ModelImage::ModelImage(Session &session, Optimizer *optimizer) {
    session.net().throw_mistake();
    if (session.net().nodes().size() > kMostNodes)
        fail(Status::limit_exceeded, text("the net has ", session.net().nodes().size(),
                                          " nodes, but a file may have ", kMostNodes));
    const int64_t parameters = session.elements(VectorKind::parameters);
    if (optimizer) optimizer->bind(session.identity(), parameters);
    // theta first: reading it waits for the steps that also write the optimizer's states.
    SharedParameters::Values values = session.read_values();
    add_vector(session.tensors(VectorKind::parameters), std::move(values.theta));
    add_vector(session.tensors(VectorKind::state), std::move(values.s));
    if (session.net().center().elements() > 0) {
        add(kCenter, Shape{parameters});
        vectors_.emplace_back(static_cast<size_t>(parameters));
        session.read_center(vectors_.back().data());
    }
    Metadata metadata{{"format", kFormat},
                      {"format_version", text(kFormatVersion)},
                      {"libcnn_version", library_version()},
                      {"network", describe_network(session)}};
    if (optimizer) {
        add_states(*optimizer, parameters);
        metadata.emplace_back("optimizer", describe_optimizer(*optimizer));
    }
    ByteHash hash;
    for (const auto &vector : vectors_) hash.add(bytes_of(vector));
    metadata.emplace_back(kChecksum, hash_text(hash.value()));
    header_ = safetensors_header(metadata, headings_);
}

size_t ModelImage::bytes() const {
    size_t total = header_.size();
    for (const auto &vector : vectors_) total += vector.size() * sizeof(float);
    return total;
}

void ModelImage::write(const Sink &sink) const {
    sink(bytes_of(header_));
    for (const auto &vector : vectors_)
        if (!vector.empty()) sink(bytes_of(vector));
}

// ---- ModelFile
// -------------------------------------------------------------------------------------

ModelFile::ModelFile(ByteSource &source)
    : source_(source), file_(read_safetensors(source)), places_(file_.tensors.size()) {
    for (size_t i = 0; i < file_.tensors.size(); ++i) by_name_.emplace(file_.tensors[i].name, i);
    check_format();
    const std::string *network = file_.find_metadata("network");
    if (!network) refuse("it describes no network: it lacks ", kDescription);
    network_ = parse_json(*network, kDescription);
    object_of(&network_, kDescription);
    check_members(network_,
                  {"name", "seed", "steps", "nodes", "outputs", "rates", "regularization"},
                  kDescription);
    name_ = string_of(network_.find("name"), text(kDescription, ": name"));
    seed_ = seed_of(network_.find("seed"));
    if (const std::string *optimizer = file_.find_metadata("optimizer")) {
        optimizer_ = parse_json(*optimizer, kOptimizer);
        object_of(&optimizer_, kOptimizer);
    }
}

void ModelFile::check_format() {
    const std::string *format = file_.find_metadata("format");
    const std::string *version = file_.find_metadata("format_version");
    const std::string *library = file_.find_metadata("libcnn_version");
    if (!format || *format != kFormat || !version || !library)
        refuse("it describes no network: its metadata isn't libcnn's");
    version_ = *library;
    const auto number = parse_int(*version);
    if (!number || *number < 1) refuse("its format version is \"", *version, "\"");
    if (*number > kFormatVersion)
        fail(Status::incompatible,
             text("its format version is ", *number, ", from libcnn ", version_,
                  "; this is libcnn ", library_version(), ", which reads up to ", kFormatVersion));
}

// Each tensor to its place. A piece is summed up while it is in the cache.
void ModelFile::read_data() {
    constexpr uint64_t kPiece = 1 << 16;
    std::vector<uint8_t> unwanted;
    ByteHash hash;
    // They are all of the data, in its order.
    for (size_t i = 0; i < places_.size(); ++i) {
        auto *to = reinterpret_cast<uint8_t *>(places_[i]);
        if (!to) unwanted.resize(kPiece);
        for (uint64_t left = file_.tensors[i].bytes; left > 0;) {
            const auto size = static_cast<size_t>(std::min(left, kPiece));
            const std::span<uint8_t> piece(to ? to : unwanted.data(), size);
            source_.read(piece);
            hash.add(piece);
            if (to) to += size;
            left -= size;
        }
    }
    const std::string *expected = file_.find_metadata(kChecksum);
    const std::string checksum = hash_text(hash.value());
    if (expected && checksum != *expected)
        refuse("the data's checksum is ", checksum, ", but the metadata \"", kChecksum, "\" says ",
               *expected,
               ": the file is damaged; a program that edits its weights must drop that key");
}

void ModelFile::refuse_unknown(const std::string &what) const {
    if (version_number(version_) > version_number(library_version()))
        fail(Status::incompatible, text(what, ", which this libcnn ", library_version(),
                                        " doesn't know; the file is from libcnn ", version_));
    fail(Status::bad_file, text(what, ", which libcnn doesn't know"));
}

void ModelFile::check_members(const Json &json, std::initializer_list<std::string_view> known,
                              const std::string &of) const {
    for (const auto &[name, value] : *json.as<Json::Object>())
        if (std::find(known.begin(), known.end(), name) == known.end())
            refuse_unknown(text(of, " has \"", name, "\""));
}

int64_t ModelFile::elements_of_net() const {
    uint64_t bytes = 0;
    for (const StoredTensor &tensor : file_.tensors)
        if (!tensor.name.starts_with(kOptimizerPrefix) && tensor.name != kCenter)
            bytes += tensor.bytes;
    return static_cast<int64_t>(bytes / sizeof(float));
}

void ModelFile::load(Session &session, std::optional<Optimizer> *optimizer) {
    build(session);
    if (optimizer) optimizer->emplace(make_optimizer(session));
    read_data();
}

void ModelFile::build(Session &session) {
    Net &net = session.net();
    const Json::Array &nodes = array_of(network_.find("nodes"), text(kDescription, ": nodes"));
    if (nodes.size() > kMostNodes)
        refuse("the network has ", nodes.size(), " nodes, but may have ", kMostNodes);
    net.expect_values(elements_of_net());
    blame_file([&] {
        for (size_t i = 0; i < nodes.size(); ++i) build_node(net, nodes[i], text("node ", i));
        build_outputs(net);
        build_rates(net);
        build_regularization(net);
    });
    net.expect_values({});
    session.set_steps(
        integer_of(network_.find("steps"), 0, kMostSteps, text(kDescription, ": steps")));
    check_tensors(net);
    float *const theta = net.theta().overwrite(), *const s = net.s().overwrite();
    for (const NetTensor &owned : net.parameters())
        place(owned.name, owned.shape.sizes(), theta + owned.offset);
    for (const NetTensor &owned : net.state())
        place(owned.name, owned.shape.sizes(), s + owned.offset);
    if (by_name_.contains(kCenter)) {
        const int64_t shape[1] = {net.theta().elements()};
        net.center() = FlatVector(shape[0]);
        place(kCenter, shape, net.center().overwrite());
    }
}

void ModelFile::build_node(Net &net, const Json &node, const std::string &what) const {
    object_of(&node, what);
    const std::string &kind = string_of(node.find("kind"), what + ": kind");
    const std::string &name = string_of(node.find("name"), what + ": name");
    if (name.empty()) refuse(what, ": name is empty");
    const std::string which = text(what, " \"", name, "\"");
    if (kind == "input") {
        check_members(node, {"kind", "name", "shape"}, which);
        net.add_input(name, shape_of(node.find("shape"), which + ": shape"));
        net.throw_mistake();
        return;
    }
    const Layer *layer = find_layer(kind);
    const Loss *loss = find_loss(std::string_view(kind));
    if (!layer && !loss) refuse_unknown(text(which, " is of kind \"", kind, "\""));
    std::vector<int32_t> inputs;
    for (const int64_t input : integers_of(node.find("inputs"), which + ": inputs")) {
        if (input < 0 || input >= static_cast<int64_t>(net.nodes().size()))
            refuse(which, ": its input is node ", input, ", which isn't before it");
        inputs.push_back(static_cast<int32_t>(input));
    }
    if (layer) {
        std::shared_ptr<const HostRecord> host;
        if (layer->hosted()) {
            check_members(node, {"kind", "name", "inputs", "settings", "host"}, which);
            host = host_of(node.find("host"), which + ": host");
        } else {
            check_members(node, {"kind", "name", "inputs", "settings"}, which);
        }
        net.add_layer(*layer, name, settings_of(*layer, node.find("settings"), which),
                      std::move(inputs), std::move(host));
    } else {
        check_members(
            node, {"kind", "name", "inputs", "weight", "average_outputs", "output_weights"}, which);
        if (inputs.size() != 1) refuse(which, " has ", inputs.size(), " inputs, but must have 1");
        LossSettings settings;
        if (const Json *average = node.find("average_outputs"))
            settings.average = integer_of(average, 0, 1, which + ": average_outputs") != 0;
        if (const Json *count = node.find("output_weights"))
            settings.output_weights = integer_of(count, 0, std::numeric_limits<int64_t>::max(),
                                                 which + ": output_weights");
        net.add_loss(*loss, name, real_of(node.find("weight"), which + ": weight"), inputs[0],
                     settings);
    }
    net.throw_mistake();
}

Settings ModelFile::settings_of(const Layer &layer, const Json *json,
                                const std::string &what) const {
    const Json::Object &object = object_of(json, what + ": settings");
    const auto known = layer.setting_names();
    Settings settings;
    for (const auto &[name, value] : object) {
        const std::string which = text(what, ": the setting \"", name, "\"");
        if (std::find(known.begin(), known.end(), name) == known.end()) refuse_unknown(which);
        if (const auto *integer = value.as<int64_t>())
            settings.set(name, *integer);
        else if (value.as<Json::Array>())
            settings.set(name, integers_of(&value, which));
        else
            settings.set(name, real_of(&value, which));
    }
    return settings;
}

std::shared_ptr<const HostRecord> ModelFile::host_of(const Json *json,
                                                     const std::string &what) const {
    object_of(json, what);
    check_members(*json, {"kind", "output", "parameters"}, what);
    auto host = std::make_shared<HostRecord>();
    host->kind = string_of(json->find("kind"), what + ": kind");
    host->output = shape_of(json->find("output"), what + ": output");
    for (const Json &item : array_of(json->find("parameters"), what + ": parameters")) {
        const std::string which = text(what, ": parameter ", host->parameters.size());
        object_of(&item, which);
        check_members(item, {"name", "shape", "decays"}, which);
        TensorSpec spec;
        spec.name = string_of(item.find("name"), which + ": name");
        spec.shape = shape_of(item.find("shape"), which + ": shape");
        spec.decays = integer_of(item.find("decays"), 0, 1, which + ": decays") != 0;
        host->parameters.push_back(std::move(spec));
    }
    return host;
}

void ModelFile::build_outputs(Net &net) const {
    const std::string what = text(kDescription, ": outputs");
    for (const int64_t output : integers_of(network_.find("outputs"), what)) {
        if (output < 0 || output >= static_cast<int64_t>(net.nodes().size()))
            refuse(what, " has node ", output, ", but the net has ", net.nodes().size());
        net.add_output(static_cast<int32_t>(output));
    }
}

void ModelFile::build_rates(Net &net) const {
    const std::string what = text(kDescription, ": rates");
    for (const auto &[name, rate] : object_of(network_.find("rates"), what)) {
        if (name.find('/') == std::string::npos) refuse(what, ": \"", name, "\" is no tensor");
        net.set_rate(name, real_of(&rate, text(what, ": \"", name, "\"")));
    }
}

void ModelFile::build_regularization(Net &net) const {
    const Json *factors = network_.find("regularization");
    if (!factors) return;
    const std::string what = text(kDescription, ": regularization");
    for (const auto &[name, factor] : object_of(factors, what)) {
        if (name.find('/') == std::string::npos) refuse(what, ": \"", name, "\" is no tensor");
        net.set_regularization(name, real_of(&factor, text(what, ": \"", name, "\"")));
    }
}

// Every tensor is the net's or the optimizer's.
void ModelFile::check_tensors(const Net &net) const {
    std::vector<std::string_view> names;
    for (const NetTensor &tensor : net.parameters()) names.push_back(tensor.name);
    for (const NetTensor &tensor : net.state()) names.push_back(tensor.name);
    names.push_back(kCenter);
    std::sort(names.begin(), names.end());
    for (const StoredTensor &tensor : file_.tensors)
        if (!tensor.name.starts_with(kOptimizerPrefix) &&
            !std::binary_search(names.begin(), names.end(), std::string_view(tensor.name)))
            refuse("tensor \"", tensor.name, "\" belongs to no node of the network");
}

// Has that tensor read to there.
void ModelFile::place(const std::string &name, std::span<const int64_t> shape, float *to) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) refuse("tensor \"", name, "\" is missing");
    const StoredTensor &tensor = file_.tensors[found->second];
    if (tensor.dtype != "F32")
        refuse("tensor \"", name, "\" is of dtype ", tensor.dtype, ", but must be F32");
    if (!std::equal(shape.begin(), shape.end(), tensor.shape.begin(), tensor.shape.end()))
        refuse("tensor \"", name, "\" has the shape ", shape_text(tensor.shape), ", but must have ",
               shape_text(shape));
    places_[found->second] = to;
}

Optimizer ModelFile::make_optimizer(Session &session) {
    if (!has_optimizer()) fail(Status::not_found, "the file has no optimizer: it is a model");
    check_members(optimizer_, {"kind", "steps", "values", "position"}, kOptimizer);
    const std::string &kind = string_of(optimizer_.find("kind"), text(kOptimizer, ": kind"));
    const OptimizerKind *found = find_optimizer(std::string_view(kind));
    if (!found) refuse_unknown(text(kOptimizer, " is of kind \"", kind, "\""));
    Optimizer optimizer(*found);
    read_values(optimizer);
    read_position(optimizer);
    const int64_t parameters = session.elements(VectorKind::parameters);
    const int64_t shape[1] = {parameters};
    optimizer.bind(session.identity(), parameters);
    for (size_t i = 0; i < optimizer.states().size(); ++i)
        place(state_name(i), shape, optimizer.states()[i].overwrite());
    return optimizer;
}

void ModelFile::read_values(Optimizer &optimizer) const {
    const std::string what = text(kOptimizer, ": values");
    const auto keys = optimizer.kind().keys();
    for (const JsonMember &member : object_of(optimizer_.find("values"), what)) {
        const auto key = std::find_if(keys.begin(), keys.end(), [&](const KeyInfo &info) {
            return member.name == info.name;
        });
        const std::string which = text(what, ": \"", member.name, "\"");
        if (key == keys.end()) refuse_unknown(which);
        blame_file([&] { optimizer.set(key->key, real_of(&member.value, which)); });
    }
}

void ModelFile::read_position(Optimizer &optimizer) const {
    const std::string what = text(kOptimizer, ": ");
    optimizer.set_steps(integer_of(optimizer_.find("steps"), 0, kMostSteps, what + "steps"));
    const Json *position = optimizer_.find("position");
    object_of(position, what + "position");
    check_members(*position, {"epoch", "step_in_epoch", "loss_sum"}, what + "position");
    optimizer.position() = {
        integer_of(position->find("epoch"), 0, kMostSteps, what + "epoch"),
        integer_of(position->find("step_in_epoch"), 0, kMostSteps, what + "step_in_epoch"),
        real_of(position->find("loss_sum"), what + "loss_sum")};
}

}  // namespace cnn
