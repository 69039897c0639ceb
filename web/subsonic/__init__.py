"""OpenSubsonic: the library for music players."""
