package dataplatform.cdk.constructs;

import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ssm.StringParameter;
import software.constructs.Construct;

/**
 * A value that AWS makes up for one part and that others need. It goes through a parameter in SSM and not through an export, so that the
 * part which makes it can change it without the others in its way.
 */
public final class SharedParameter {
    private final Stack from;
    private final String parameter;

    /**
     * @param from the stack that makes the value
     * @param parameter its name in SSM
     */
    public SharedParameter(Stack from, String parameter, String value) {
        this.from = from;
        this.parameter = parameter;
        StringParameter.Builder.create(from, "SharedParameter" + parameter.replaceAll("\\W+", "-"))
                .parameterName(parameter)
                .stringValue(value)
                .build();
    }

    /** The value, for a stack that is then deployed after the one which makes it. */
    public String in(Construct scope) {
        Stack to = Stack.of(scope);
        to.addStackDependency(from);
        return StringParameter.valueForStringParameter(to, parameter);
    }
}
