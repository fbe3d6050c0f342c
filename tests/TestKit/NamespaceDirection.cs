using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Xerotier.TestKit;

/// <summary>
/// Holds an assembly to the direction of its layers: a type of a layer uses types of its own layer and of those before it. Looks at all
/// that the compiled code names: base types, members, signatures, attributes and the bodies of methods, lambdas and async methods too.
/// </summary>
public static class NamespaceDirection
{
    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value);

    /// <summary>The uses against the direction, as <c>Layer.Type uses OtherLayer.Type</c>; empty when there are none.</summary>
    /// <param name="assembly">The assembly.</param>
    /// <param name="layers">Namespaces, the lowest first; each holds the namespaces below it. Every type of the assembly's own namespaces must be in one.</param>
    public static IReadOnlyList<string> Violations(Assembly assembly, params IReadOnlyList<string> layers)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var metadata = file.GetMetadataReader();
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var type in assembly.GetTypes())
        {
            var layer = LayerOf(type, layers);
            if (layer < 0)
            {
                if (Outermost(type).Namespace?.StartsWith(assembly.GetName().Name!, StringComparison.Ordinal) == true)
                {
                    found.Add($"{Outermost(type).FullName} is in no layer");
                }

                continue; // a program's entry point, and what the compiler makes
            }

            foreach (var used in UsedBy(type, file, metadata).Where(used => used.Assembly == assembly && LayerOf(used, layers) > layer))
            {
                found.Add($"{Outermost(type).FullName} uses {Outermost(used).FullName}");
            }
        }

        foreach (var empty in layers.Where(layer => !Array.Exists(assembly.GetTypes(), type => LayerOf(type, [layer]) == 0)))
        {
            found.Add($"{empty} holds no type");
        }

        return [.. found];
    }

    private static int LayerOf(Type type, IReadOnlyList<string> layers)
    {
        var name = Outermost(type).Namespace ?? "";
        for (var i = 0; i < layers.Count; i++)
        {
            if (name == layers[i] || name.StartsWith(layers[i] + ".", StringComparison.Ordinal))
            {
                return i;
            }
        }

        return -1;
    }

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static IEnumerable<Type> UsedBy(Type type, PEReader file, MetadataReader metadata)
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var used = new List<Type?> { type.BaseType };
        used.AddRange(type.GetInterfaces());
        used.AddRange(type.GetCustomAttributesData().Select(attribute => attribute.AttributeType));
        foreach (var field in type.GetFields(All))
        {
            used.Add(field.FieldType);
        }

        foreach (var method in type.GetMembers(All).OfType<MethodBase>())
        {
            used.AddRange(method.GetParameters().Select(parameter => parameter.ParameterType));
            used.Add((method as MethodInfo)?.ReturnType);
            used.AddRange(InBody(method, file, metadata));
        }

        return used.OfType<Type>().SelectMany(Parts);
    }

    /// <summary>A type with its element type and its type arguments.</summary>
    private static IEnumerable<Type> Parts(Type type) => type switch
    {
        { HasElementType: true } => Parts(type.GetElementType()!),
        { IsGenericParameter: true } => [],
        { IsGenericType: true } => [type.GetGenericTypeDefinition(), .. type.GetGenericArguments().SelectMany(Parts)],
        _ => [type],
    };

    private static IEnumerable<Type?> InBody(MethodBase method, PEReader file, MetadataReader metadata)
    {
        var definition = metadata.GetMethodDefinition((MethodDefinitionHandle)MetadataTokens.EntityHandle(method.MetadataToken));
        if (definition.RelativeVirtualAddress == 0 || method.GetMethodBody() is not { } body)
        {
            yield break;
        }

        foreach (var local in body.LocalVariables)
        {
            yield return local.LocalType;
        }

        foreach (var clause in body.ExceptionHandlingClauses.Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Clause))
        {
            yield return clause.CatchType;
        }

        var typeArguments = method.DeclaringType is { IsGenericType: true } generic ? generic.GetGenericArguments() : [];
        var methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : [];
        foreach (var token in Tokens(file.GetMethodBody(definition.RelativeVirtualAddress).GetILReader()))
        {
            switch (method.Module.ResolveMember(token, typeArguments, methodArguments))
            {
                case Type type:
                    yield return type;
                    break;
                case MethodBase called:
                    yield return called.DeclaringType;
                    yield return (called as MethodInfo)?.ReturnType;
                    foreach (var argument in called.IsGenericMethod ? called.GetGenericArguments() : [])
                    {
                        yield return argument;
                    }

                    break;
                case FieldInfo field:
                    yield return field.DeclaringType;
                    yield return field.FieldType;
                    break;
            }
        }
    }

    /// <summary>The tokens of types, methods and fields in a body.</summary>
    private static List<int> Tokens(BlobReader il)
    {
        var tokens = new List<int>();
        while (il.RemainingBytes > 0)
        {
            var first = il.ReadByte();
            var code = Codes[first == 0xFE ? (short)(0xFE00 | il.ReadByte()) : first];
            switch (code.OperandType)
            {
                case OperandType.InlineField or OperandType.InlineMethod
                    or OperandType.InlineTok or OperandType.InlineType:
                    tokens.Add(il.ReadInt32());
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    il.ReadByte();
                    break;
                case OperandType.InlineVar:
                    il.ReadInt16();
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    il.ReadInt64();
                    break;
                case OperandType.InlineSwitch:
                    for (var cases = il.ReadInt32(); cases > 0; cases--)
                    {
                        il.ReadInt32();
                    }

                    break;
                default:
                    il.ReadInt32(); // branch target, number, signature or string
                    break;
            }
        }

        return tokens;
    }
}
