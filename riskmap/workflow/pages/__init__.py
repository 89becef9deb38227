"""What the maps of a build say, for the web pages and the sheets alike: a module for each subject."""
