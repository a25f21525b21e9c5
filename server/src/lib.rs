//! The program: configuration, wiring, routes, commands.

mod active_sessions;
mod assets;
pub mod cli;
pub mod commands;
mod config;
mod cookies;
mod data_folder;
mod engines;
mod layers;
mod live;
mod observe;
mod openapi;
mod problem;
mod process;
mod programs;
mod relay;
mod rest;
pub mod routes;
mod serve;
mod spawner;
mod state;
mod system;
