//! The commands, each from the settings it needs.

mod health;

use crate::cli::{Arguments, Command, UserCommand};
use crate::config::{EngineSettings, Settings, Sources, values};
use crate::data_folder::{DataFolder, DataFolderError};
use crate::engines::Engines;
use crate::serve;
use model::{BoardError, Code};
use std::error::Error;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::{backup, restore};
use tokio::runtime::Runtime;

type Failure = Box<dyn Error + Send + Sync>;
type Outcome = Result<(), Failure>;

/// # Errors
/// What went wrong, as a sentence that says what to do.
pub fn run(arguments: Arguments) -> Outcome {
    let sources = Sources::new(arguments.settings.given(), std::env::vars_os());
    match arguments.command {
        None => {
            let settings = Settings::read(&sources)?;
            let runtime = Runtime::new()?;
            let outcome = runtime.block_on(serve::serve(settings));
            // A consumer that no broker answers takes its time to leave.
            runtime.shutdown_timeout(Duration::from_secs(1));
            outcome
        }
        Some(Command::Config) => print_config(&sources),
        Some(Command::Health) => health::ask(values::listen(&sources.required("GLASSBOARD_LISTEN")?)?),
        Some(Command::User(command)) => {
            let engines = EngineSettings::read(&sources)?;
            Runtime::new()?.block_on(user(command, &data_path(&sources)?, &engines))
        }
        Some(Command::Backup { file }) => {
            embedded_only(&sources)?;
            backup(&existing_database(&data_path(&sources)?)?, &file)?;
            say(&format!("backed up to {}", file.display()))
        }
        Some(Command::Restore { file }) => {
            embedded_only(&sources)?;
            let data = data_path(&sources)?;
            let unused = match DataFolder::open(&data) {
                Ok(folder) => Some(folder),
                Err(DataFolderError::InUse { .. }) => None,
                Err(error) => return Err(error.into()),
            };
            restore(&file, &DataFolder::database(&data), unused.is_none())?;
            say(&format!("restored from {}", file.display()))
        }
    }
}

fn say(line: &str) -> Outcome {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn data_path(sources: &Sources) -> Result<PathBuf, Failure> {
    Ok(PathBuf::from(sources.required("GLASSBOARD_DATA")?))
}

fn existing_database(data: &Path) -> Result<PathBuf, String> {
    let path = DataFolder::database(data);
    if path.exists() {
        Ok(path)
    } else {
        Err(format!("there is no board in {}; name its folder with --data.", data.display()))
    }
}

fn print_config(sources: &Sources) -> Outcome {
    let mut out = std::io::stdout().lock();
    for (variable, value) in sources.effective() {
        match value? {
            Some(value) => writeln!(out, "{}={}  ({})", variable.name, value.text, value.source)?,
            None => writeln!(out, "{}  (not set)", variable.name)?,
        }
    }
    Settings::read(sources)?;
    Ok(())
}

/// MariaDB has tools of its own for this.
fn embedded_only(sources: &Sources) -> Outcome {
    match EngineSettings::read(sources)?.mariadb {
        Some(_) => {
            Err("this board is on MariaDB: use mariadb-dump and mariadb to copy it and to bring it back.".into())
        }
        None => Ok(()),
    }
}

async fn user(command: UserCommand, data: &Path, settings: &EngineSettings) -> Outcome {
    if settings.mariadb.is_none() {
        // A first user may be added before the first start; a password is changed where there is a user.
        match command {
            UserCommand::Add { .. } => DataFolder::make(data)?,
            UserCommand::SetPassword { .. } => drop(existing_database(data)?),
        }
    }
    let engines = Engines::open(settings, data, None).await?;
    let board = engines.board(&[], false)?;
    let password = read_password()?;
    let done = match command {
        UserCommand::Add { username } => {
            board.accounts().add_user(&username, password).await.map(|name| format!("added {name}"))
        }
        UserCommand::SetPassword { username } => board
            .accounts()
            .set_password(&username, password)
            .await
            .map(|()| format!("changed the password of {username}")),
    };
    engines.close().await;
    let said = done.map_err(|error: BoardError| match error.code {
        Code::NotFound => match &settings.mariadb {
            Some(options) => format!("there is no such user in the database {}.", options.database),
            None => format!("there is no such user in {}.", data.display()),
        },
        _ => error.to_string(),
    })?;
    say(&said)
}

/// One line of standard input.
fn read_password() -> Result<String, std::io::Error> {
    if std::io::stdin().is_terminal() {
        eprint!("Password (at least 8 characters): ");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => std::io::Error::other("the password is not UTF-8 text; send it as UTF-8."),
        _ => error,
    })?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
