//! Compiles the schema without protoc.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let schema = "proto/stonechat/v1/native.proto";
    println!("cargo:rerun-if-changed={schema}");
    let descriptors = protox::compile([schema], ["proto"])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut config = prost_build::Config::new();
    config.bytes(["."]);
    // In the order of their keys, so that a frame has one form.
    config.btree_map(["."]);
    config.compile_well_known_types();
    config.compile_fds(descriptors.clone())?;
    let encoded = {
        use protox::prost::Message as _;
        descriptors.encode_to_vec()
    };
    pbjson_build::Builder::new()
        .register_descriptors(&encoded)?
        .preserve_proto_field_names()
        .btree_map([".stonechat.v1"])
        .ignore_unknown_fields()
        .out_dir(out)
        .build(&[".stonechat.v1"])?;
    Ok(())
}
