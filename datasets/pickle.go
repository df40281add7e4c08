package datasets

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// A pickle is a program for a small machine that can call any function of Python. This
// reader carries out only the operations that build the dictionaries, lists, texts,
// numbers and arrays of the batches of CIFAR-10 and CIFAR-100, and calls nothing.

// maxPickle is the largest accepted pickle in bytes; CIFAR-100's has 155 MB.
const maxPickle = 1 << 28

// pickleName is a global name that a pickle may use.
type pickleName string

// pickleNames are the names that build an array, and the one by which Python 3 stores
// bytes in the format of Python 2.
var pickleNames = []pickleName{
	"numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct", "numpy ndarray", "numpy dtype", "_codecs encode",
}

// pickleMark marks a place on the stack.
type pickleMark struct{}

// pickleList is a list or a tuple.
type pickleList struct{ items []any }

// pickleMachine reads one pickle.
type pickleMachine struct {
	data  []byte
	stack []any
	memo  map[int]any
	err   error
	// left is the number of bytes that may still be copied, so that a value which is
	// taken from the memo many times cannot fill the memory.
	left int
}

// readPickle returns the value of a pickle: nil, bool, int, string (texts and bytes),
// *pickleList, map[string]any or *array.
func readPickle(data []byte) (any, error) {
	m := &pickleMachine{data: data, memo: map[int]any{}, left: 4 * len(data)}
	for m.err == nil {
		op := m.take(1)
		if m.err != nil {
			break
		}
		if op[0] == '.' {
			value := m.pop()
			return value, m.err
		}
		m.step(op[0])
	}
	return nil, m.err
}

// fail records the first error.
func (m *pickleMachine) fail(format string, args ...any) {
	if m.err == nil {
		m.err = advisedf("%w: the Python pickle %s; export the images as PNG files in class folders", ErrCorrupt, fmt.Sprintf(format, args...))
	}
}

// take returns the next n bytes.
func (m *pickleMachine) take(n int) []byte {
	if m.err != nil || n < 0 || n > len(m.data) {
		m.fail("is cut off")
		return make([]byte, min(max(n, 1), 8))
	}
	taken := m.data[:n]
	m.data = m.data[n:]
	return taken
}

// number returns the next n bytes, at most 8, as an unsigned little-endian number. One
// that is no length of data that are there is an error.
func (m *pickleMachine) number(n int) int {
	var buffer [8]byte
	copy(buffer[:], m.take(n))
	v := binary.LittleEndian.Uint64(buffer[:])
	if v > 1<<40 {
		m.fail("has a length of %d", v)
		return 0
	}
	return int(v)
}

// line returns the text up to the next line break.
func (m *pickleMachine) line() string {
	at := bytes.IndexByte(m.data, '\n')
	if at < 0 || at > 256 {
		m.fail("is cut off")
		return ""
	}
	text := string(m.data[:at])
	m.data = m.data[at+1:]
	return text
}

// push puts a value on the stack.
func (m *pickleMachine) push(v any) { m.stack = append(m.stack, v) }

// pop takes a value from the stack.
func (m *pickleMachine) pop() any {
	if len(m.stack) == 0 {
		m.fail("takes a value that is not there")
		return nil
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v
}

// top returns the last value of the stack.
func (m *pickleMachine) top() any {
	if len(m.stack) == 0 {
		m.fail("takes a value that is not there")
		return nil
	}
	return m.stack[len(m.stack)-1]
}

// marked takes the values behind the last mark, and the mark.
func (m *pickleMachine) marked() []any {
	for at := len(m.stack) - 1; at >= 0; at-- {
		if _, ok := m.stack[at].(pickleMark); ok {
			values := slices.Clone(m.stack[at+1:])
			m.stack = m.stack[:at]
			return values
		}
	}
	m.fail("has no mark")
	return nil
}

// last takes n values.
func (m *pickleMachine) last(n int) []any {
	if len(m.stack) < n {
		m.fail("takes a value that is not there")
		return make([]any, n)
	}
	values := slices.Clone(m.stack[len(m.stack)-n:])
	m.stack = m.stack[:len(m.stack)-n]
	return values
}

// step carries out one operation (names and codes: Python's pickletools).
func (m *pickleMachine) step(op byte) {
	switch op {
	case 0x80: // PROTO
		if version := m.take(1)[0]; version > 5 {
			m.fail("has the unknown version %d", version)
		}
	case 0x95: // FRAME
		m.take(8)
	case '(':
		m.push(pickleMark{})
	case '}':
		m.push(map[string]any{})
	case ']', ')':
		m.push(&pickleList{})
	case 'N':
		m.push(nil)
	case 0x88, 0x89:
		m.push(op == 0x88)
	case 'K', 'M', 'J', 0x8a:
		m.push(m.integer(op))
	case 'U', 'C', 0x8c: // short texts and bytes
		m.push(string(m.take(m.number(1))))
	case 'T', 'B', 'X':
		m.push(string(m.take(m.number(4))))
	case 0x8e, 0x8d:
		m.push(string(m.take(m.number(8))))
	case 'q', 'r', 'h', 'j', 0x94:
		m.remember(op)
	case 'a', 'e', 's', 'u':
		m.add(op)
	case 0x85, 0x86, 0x87: // tuples of one to three
		m.push(&pickleList{m.last(int(op - 0x84))})
	case 't':
		m.push(&pickleList{m.marked()})
	case 'c', 0x93:
		m.global(op)
	case 'R':
		arguments, _ := m.pop().(*pickleList)
		m.call(m.pop(), arguments)
	case 'b':
		m.build(m.pop(), m.top())
	default:
		m.fail("has the operation %#02x, which no batch of CIFAR needs", op)
	}
}

// integer reads a whole number.
func (m *pickleMachine) integer(op byte) int {
	switch op {
	case 'K':
		return m.number(1)
	case 'M':
		return m.number(2)
	case 'J':
		return int(int32(binary.LittleEndian.Uint32(m.take(4))))
	}
	bytes := m.take(m.number(1))
	if len(bytes) > 8 {
		m.fail("has a number of %d bytes", len(bytes))
		return 0
	}
	var v int64
	for i, b := range bytes {
		v |= int64(b) << (8 * i)
	}
	if n := len(bytes); n > 0 && n < 8 && bytes[n-1] >= 0x80 {
		v -= 1 << (8 * n)
	}
	return int(v)
}

// remember stores the last value in the memo, or takes one from it.
func (m *pickleMachine) remember(op byte) {
	switch op {
	case 'q':
		m.memo[m.number(1)] = m.top()
	case 'r':
		m.memo[m.number(4)] = m.top()
	case 0x94:
		m.memo[len(m.memo)] = m.top()
	default:
		size := 1
		if op == 'j' {
			size = 4
		}
		at := m.number(size)
		v, ok := m.memo[at]
		if !ok {
			m.fail("takes the value %d, which it has not stored", at)
		}
		m.push(v)
	}
}

// add adds values to a list or a dictionary.
func (m *pickleMachine) add(op byte) {
	var values []any
	switch op {
	case 'a':
		values = m.last(1)
	case 's':
		values = m.last(2)
	default:
		values = m.marked()
	}
	if op == 'a' || op == 'e' {
		list, ok := m.top().(*pickleList)
		if !ok {
			m.fail("adds to what is no list")
			return
		}
		list.items = append(list.items, values...)
		return
	}
	dict, ok := m.top().(map[string]any)
	if !ok || len(values)%2 != 0 {
		m.fail("adds to what is no dictionary")
		return
	}
	for i := 0; i < len(values); i += 2 {
		key, ok := values[i].(string)
		if !ok {
			m.fail("has a key that is no text")
			return
		}
		dict[key] = values[i+1]
	}
}

// global pushes one of the accepted names.
func (m *pickleMachine) global(op byte) {
	var name pickleName
	if op == 'c' {
		module := m.line()
		name = pickleName(module + " " + m.line())
	} else {
		parts := m.last(2)
		name = pickleName(fmt.Sprint(parts[0], " ", parts[1]))
	}
	if !slices.Contains(pickleNames, name) {
		m.fail("uses %.80q, which no batch of CIFAR needs", string(name))
		return
	}
	m.push(name)
}

// call pushes what one of the names would return: an array or its type to be filled, or
// the bytes of a text in Latin-1.
func (m *pickleMachine) call(function any, arguments *pickleList) {
	name, ok := function.(pickleName)
	if !ok || arguments == nil || len(arguments.items) == 0 {
		m.fail("calls what is no function of an array")
		return
	}
	first, _ := arguments.items[0].(string)
	if m.left -= len(first); m.left < 0 {
		m.fail("copies more than it has")
		return
	}
	switch name {
	case "_codecs encode":
		encoded := make([]byte, 0, len(first))
		for _, r := range first {
			if r > 0xff {
				m.fail("has bytes that are none")
				return
			}
			encoded = append(encoded, byte(r))
		}
		m.push(string(encoded))
	case "numpy dtype":
		m.push(&array{kind: first})
	default:
		m.push(&array{})
	}
}

// build fills an array with its shape, type and values, or a type with its order of
// bytes.
func (m *pickleMachine) build(state, object any) {
	a, ok := object.(*array)
	list, isList := state.(*pickleList)
	if !ok || !isList || len(list.items) < 2 {
		m.fail("fills what is no array")
		return
	}
	if a.kind != "" { // a type: version, order of bytes, ...
		order, _ := list.items[1].(string)
		a.big = order == ">"
		return
	}
	if len(list.items) != 5 {
		m.fail("has an array of an unknown format")
		return
	}
	shape, isShape := list.items[1].(*pickleList)
	kind, isType := list.items[2].(*array)
	fortran, _ := list.items[3].(bool)
	values, isBytes := list.items[4].(string)
	if !isShape || !isType || !isBytes || fortran {
		m.fail("has an array of objects or in Fortran's order")
		return
	}
	if m.left -= len(values); m.left < 0 {
		m.fail("copies more than it has")
		return
	}
	a.kind, a.big, a.data = kind.kind, kind.big, []byte(values)
	for _, d := range shape.items {
		n, _ := d.(int)
		a.shape = append(a.shape, n)
	}
}
