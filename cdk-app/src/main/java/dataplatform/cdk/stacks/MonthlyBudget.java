package dataplatform.cdk.stacks;

import dataplatform.platform.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.services.budgets.CfnBudget;
import software.amazon.awscdk.services.sns.Topic;
import software.constructs.Construct;

/** The budget of an environment's month, by the tag that all of its resources have. */
final class MonthlyBudget {
    private MonthlyBudget() {}

    /**
     * Adds the budget.
     *
     * @param limit in USD
     * @param topic gets a message at 80 % of it, and when all of it is forecast to be spent
     */
    static void create(Construct scope, Names names, Number limit, Topic topic) {
        List<CfnBudget.NotificationWithSubscribersProperty> notifications = new ArrayList<>();
        Map.of("ACTUAL", 80, "FORECASTED", 100).entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(kind -> notifications.add(CfnBudget.NotificationWithSubscribersProperty.builder()
                        .notification(CfnBudget.NotificationProperty.builder()
                                .notificationType(kind.getKey())
                                .comparisonOperator("GREATER_THAN")
                                .threshold(kind.getValue())
                                .thresholdType("PERCENTAGE")
                                .build())
                        .subscribers(List.of(CfnBudget.SubscriberProperty.builder()
                                .subscriptionType("SNS")
                                .address(topic.getTopicArn())
                                .build()))
                        .build()));
        CfnBudget.Builder.create(scope, "Budget")
                .budget(CfnBudget.BudgetDataProperty.builder()
                        .budgetName(names.of("month"))
                        .budgetType("COST")
                        .timeUnit("MONTHLY")
                        .budgetLimit(CfnBudget.SpendProperty.builder()
                                .amount(limit)
                                .unit("USD")
                                .build())
                        .costFilters(Map.of("TagKeyValue", List.of("user:environment$" + names.environment())))
                        .build())
                .notificationsWithSubscribers(notifications)
                .build();
    }
}
