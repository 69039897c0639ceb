"""Songs, albums, artists and genres of the library as people browse them."""
