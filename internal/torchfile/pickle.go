package torchfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// The opcodes of Python's pickle protocol 2 that a file needs.
const (
	opProto       = 0x80
	opStop        = '.'
	opNone        = 'N'
	opTrue        = 0x88
	opFalse       = 0x89
	opInt4        = 'J' // four bytes, signed
	opLong        = 0x8a
	opFloat       = 'G' // eight bytes, the highest first
	opUnicode     = 'X' // four bytes of length, then UTF-8
	opMark        = '('
	opTuple       = 't'
	opEmptyTuple  = ')'
	opEmptyList   = ']'
	opAppends     = 'e'
	opEmptyDict   = '}'
	opSetItems    = 'u'
	opGlobal      = 'c' // module and name, a line each
	opReduce      = 'R'
	opPersistent  = 'Q'
	protocol      = 2
	longBytes     = 8
	tensorStorage = "storage"
	cpuLocation   = "cpu"
)

// pickler writes one value as a pickle and collects the storages of its tensors.
type pickler struct {
	out      bytes.Buffer
	storages [][]byte
}

// pickle returns a value as a pickle.
func (p *pickler) pickle(value any) ([]byte, error) {
	p.out.Write([]byte{opProto, protocol})
	if err := p.write(value); err != nil {
		return nil, err
	}
	p.out.WriteByte(opStop)
	return p.out.Bytes(), nil
}

// write writes one value.
func (p *pickler) write(value any) error {
	switch v := value.(type) {
	case nil:
		p.out.WriteByte(opNone)
	case bool:
		p.out.WriteByte(map[bool]byte{true: opTrue, false: opFalse}[v])
	case int:
		p.integer(int64(v))
	case int64:
		p.integer(v)
	case float64:
		p.out.WriteByte(opFloat)
		p.out.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
	case string:
		p.text(v)
	case List:
		return p.list(v)
	case Tuple:
		return p.tuple(v)
	case Dict:
		return p.dict(v)
	case Integers:
		return p.integers(v)
	case Tensor:
		return p.tensor(v)
	default:
		return fmt.Errorf("%w: of type %T", ErrValue, value)
	}
	return nil
}

// integer writes a whole number.
func (p *pickler) integer(v int64) {
	if v >= math.MinInt32 && v <= math.MaxInt32 {
		p.out.WriteByte(opInt4)
		p.out.Write(binary.LittleEndian.AppendUint32(nil, uint32(v)))
		return
	}
	p.out.Write([]byte{opLong, longBytes})
	p.out.Write(binary.LittleEndian.AppendUint64(nil, uint64(v)))
}

// text writes a string.
func (p *pickler) text(s string) {
	p.out.WriteByte(opUnicode)
	p.out.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	p.out.WriteString(s)
}

// global writes a reference to a name of a Python module.
func (p *pickler) global(module, name string) {
	p.out.WriteByte(opGlobal)
	p.out.WriteString(module + "\n" + name + "\n")
}

func (p *pickler) list(items List) error {
	p.out.Write([]byte{opEmptyList, opMark})
	for _, item := range items {
		if err := p.write(item); err != nil {
			return err
		}
	}
	p.out.WriteByte(opAppends)
	return nil
}

func (p *pickler) tuple(items Tuple) error {
	p.out.WriteByte(opMark)
	for _, item := range items {
		if err := p.write(item); err != nil {
			return err
		}
	}
	p.out.WriteByte(opTuple)
	return nil
}

func (p *pickler) dict(entries Dict) error {
	p.out.Write([]byte{opEmptyDict, opMark})
	for _, entry := range entries {
		if err := p.write(entry.Key); err != nil {
			return err
		}
		if err := p.write(entry.Value); err != nil {
			return err
		}
	}
	p.out.WriteByte(opSetItems)
	return nil
}

// integers writes a numpy array as the call numpy.array(list, "int64").
func (p *pickler) integers(values Integers) error {
	p.global("numpy", "array")
	list := make(List, len(values))
	for i, v := range values {
		list[i] = v
	}
	if err := p.tuple(Tuple{list, "int64"}); err != nil {
		return err
	}
	p.out.WriteByte(opReduce)
	return nil
}

// tensor writes a tensor as torch.save does: a call that rebuilds it from a storage in a file of its own.
func (p *pickler) tensor(t Tensor) error {
	storage, kind, count, err := t.storage()
	if err != nil {
		return err
	}
	p.global("torch._utils", "_rebuild_tensor_v2")
	p.out.WriteByte(opMark)

	p.out.WriteByte(opMark) // the persistent ID of the storage
	p.text(tensorStorage)
	p.global("torch", kind)
	p.text(strconv.Itoa(len(p.storages)))
	p.text(cpuLocation)
	p.integer(int64(count))
	p.out.Write([]byte{opTuple, opPersistent})
	p.storages = append(p.storages, storage)

	p.integer(0) // offset
	shape, strides := make(Tuple, len(t.Shape)), make(Tuple, len(t.Shape))
	stride := 1
	for i := len(t.Shape) - 1; i >= 0; i-- {
		shape[i], strides[i] = t.Shape[i], stride
		stride *= t.Shape[i]
	}
	if err := p.tuple(shape); err != nil {
		return err
	}
	if err := p.tuple(strides); err != nil {
		return err
	}
	p.out.WriteByte(opFalse) // no gradient
	p.global("collections", "OrderedDict")
	p.out.Write([]byte{opEmptyTuple, opReduce}) // no hooks
	p.out.Write([]byte{opTuple, opReduce})
	return nil
}
