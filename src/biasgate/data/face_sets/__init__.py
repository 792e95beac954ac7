"""Published sets of photographed faces, in the files in which their authors give them out."""
