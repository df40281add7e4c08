// Package curve measures learning curves: the rates of a model after epochs of its training, on held-out images
// that a Request chooses. A Curve is stored beside the result of the model, in File.
//
// Scores are counted from a model's predictions, like the figures of its result, and change nothing in its
// training. The sample of an agent's images depends on the agent alone: it is the same in each game in which the
// agent holds out the same images, and a smaller sample is a part of a larger one.
package curve
