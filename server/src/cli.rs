use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// A message board with glass walls: serves it when no command is given.
#[derive(Parser)]
#[command(
    name = "glassboard",
    version,
    about,
    after_help = "Every flag has an environment variable; `glassboard config` lists all of them."
)]
pub struct Arguments {
    #[command(flatten)]
    pub settings: Flags,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Args)]
pub struct Flags {
    /// Address and port to listen on [GLASSBOARD_LISTEN, default 127.0.0.1:3000]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Folder of the embedded data [GLASSBOARD_DATA, default ./data]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data: Option<String>,
    /// What this process does: all, web or worker [GLASSBOARD_ROLE, default all]
    #[arg(long, global = true)]
    pub role: Option<String>,
    /// Operators' user names, with commas [GLASSBOARD_OPERATORS]
    #[arg(long, global = true, value_name = "NAMES")]
    pub operators: Option<String>,
    /// The board's address behind a proxy [GLASSBOARD_PUBLIC_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub public_url: Option<String>,
    /// Proxies whose X-Forwarded-For is believed [GLASSBOARD_TRUSTED_PROXIES]
    #[arg(long, global = true, value_name = "NETWORKS")]
    pub trusted_proxies: Option<String>,
    /// json or text [GLASSBOARD_LOG_FORMAT, default json]
    #[arg(long, global = true)]
    pub log_format: Option<String>,
}

impl Flags {
    /// The given flags, by the names of their variables.
    pub fn given(self) -> Vec<(&'static str, String)> {
        let flags = [
            ("GLASSBOARD_LISTEN", self.listen),
            ("GLASSBOARD_DATA", self.data),
            ("GLASSBOARD_ROLE", self.role),
            ("GLASSBOARD_OPERATORS", self.operators),
            ("GLASSBOARD_PUBLIC_URL", self.public_url),
            ("GLASSBOARD_TRUSTED_PROXIES", self.trusted_proxies),
            ("GLASSBOARD_LOG_FORMAT", self.log_format),
        ];
        flags.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

#[derive(Subcommand)]
pub enum Command {
    /// Print all settings, with where each came from
    Config,
    /// Ask the process at --listen whether it runs, for containers' health checks; exits with 0 when it does
    Health,
    /// Manage users of the embedded board; works while it runs
    #[command(subcommand)]
    User(UserCommand),
    /// Copy the embedded data into one file; works while the board runs
    Backup {
        /// The file to write
        file: PathBuf,
    },
    /// Replace the embedded data by a backup; works while the board runs
    Restore {
        /// The file that `backup` wrote
        file: PathBuf,
    },
}

#[derive(Subcommand)]
pub enum UserCommand {
    /// Add a user, an operator's name too; the password is read from standard input
    Add { username: String },
    /// Set a user's password, read from standard input
    SetPassword { username: String },
}
