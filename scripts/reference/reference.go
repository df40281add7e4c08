// Package reference is the network in plain PyTorch, for programs that time it.
package reference

import _ "embed"

// ResNet is the module resnet.
//
//go:embed resnet.py
var ResNet string
