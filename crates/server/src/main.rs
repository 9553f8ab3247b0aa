//! The binary `stonechat`.

fn main() -> std::process::ExitCode {
    stonechat_server::cli::main()
}
