// Package export writes the images of a stored model in formats that other programs read: the
// training set with each image's owner and trigger, the held-out images without and with triggers,
// and the triggers.
//
// Everything follows from the cell of the model and its dataset. The game is dealt anew, nothing is
// trained, and neither the engine nor libtorch is needed. Beside the images lie a description
// (DescriptionFile), the result, the cell, and the model if the store has it, so that the figures of the
// result can be computed from an export alone.
package export
