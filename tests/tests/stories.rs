//! Stories: the real program, seen from outside, and the rules its source keeps.

mod architecture;
mod behind_nginx;
mod belongings;
mod box_pages;
mod branches;
mod browser;
mod canary;
mod clients;
mod config;
mod damage;
mod durability;
mod first_visit;
mod hostile;
mod kills;
mod limits;
mod on_postgres;
mod openai_door;
mod pages;
mod pictures;
mod real_engines;
mod secure;
mod service;
mod settings;
mod table;
mod the_box;
mod turn;
