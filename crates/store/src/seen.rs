//! What is held and what is looked at.
//!
//! A collection that is small lies in one piece of memory with its key. So whoever looks at it gets no reference to a value but a
//! view, as [`HashRef`](crate::HashRef) is one, which is all the same to whoever reads; and whoever changes it is given the value
//! itself for that long. A value can be looked at as well, by the methods of its view.

/// Gives a type with a method `view` some methods of that view.
macro_rules! seen_as {
    ($view:ident: $($name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)?;)*) => {$(
        #[doc = concat!("See [`", stringify!($view), "::", stringify!($name), "`].")]
        pub fn $name(&self, $($arg: $type),*) $(-> $result)? {
            self.view().$name($($arg),*)
        }
    )*};
}

pub(crate) use seen_as;
