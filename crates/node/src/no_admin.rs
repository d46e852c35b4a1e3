//! A node that was built without the admin API.

use std::sync::Arc;

use slotmesh_config::Config;

use crate::bus::Observer;
use crate::clients::Shared;
use crate::node::StartError;

/// There is none.
pub(crate) enum Admin {}

/// It never runs.
pub(crate) enum Running {}

/// The API, and who has to be told what happens; nothing when it is off.
pub(crate) type Prepared = Option<(Admin, Box<dyn Observer>)>;

impl Admin {
    /// Fails when the configuration asks for the API: what it guards must not be missing in silence.
    pub(crate) fn prepare(config: &Config, _connections_max: Option<usize>) -> Result<Prepared, StartError> {
        match config.port("slotmesh-admin-port") {
            0 => Ok(None),
            port => Err(StartError::Admin(format!(
                "slotmesh-admin-port is {port}, but this program was built without the feature 'admin'"
            ))),
        }
    }

    pub(crate) fn start(self, _shared: &Arc<Shared>) -> Result<Running, String> {
        match self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_for_the_api_is_told_that_it_is_not_built_in() {
        let prepare = |text: &str| {
            let text = format!("cluster-enabled yes\n{text}");
            let config = Config::load(&["my.conf".into()], &|_| Ok(text.clone())).expect("a configuration");
            Admin::prepare(&config, None)
        };
        assert!(matches!(prepare("slotmesh-admin-port 0"), Ok(None)));
        assert!(prepare("slotmesh-admin-port 9379").err().is_some_and(|error| error.to_string().contains("'admin'")));
    }
}
